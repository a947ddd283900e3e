import { Suite, TopicTap } from '@numbering/testing';
import { TestOperator, codeOf } from './block-import.fixture';

describe('US-NUM-001 a signed file that is no block', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let operator: TestOperator;
  let number: string;

  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, ['numbering.block.rejected']);
    operator = await TestOperator.create(suite.admin);
    [number = ''] = operator.numbers(1);
  });
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  const state = async () => {
    const [row] = await suite.sql<{ audits: number }>(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers WHERE operator_id = $1) AS numbers,
              (SELECT count(*)::integer FROM numbering.blocks WHERE operator_id = $1) AS blocks,
              (SELECT count(*)::integer FROM numbering.audit_log
                WHERE detail ->> 'operatorId' = $1 AND action = 'IMPORT_REJECTED') AS audits`,
      [operator.operatorId],
    );
    return row ?? { audits: -1 };
  };

  const files: [string, () => string | Buffer][] = [
    ['is empty', () => ''],
    ['is a byte order mark alone', () => '\uFEFF'],
    ['has empty lines alone', () => '\n\r\n\n'],
    ['has no header', () => `${number}\n`],
    ['has an unknown column', () => `msisdn,price\n${number},1\n`],
    ['lacks the identifier’s column', () => 'validFrom,vanity\n2030-01-01,true\n'],
    ['names the identifier twice', () => `msisdn,identifier\n${number},${number}\n`],
    ['names validFrom twice', () => `msisdn,validFrom,validFrom\n${number},,\n`],
    ['has its header in upper case', () => `MSISDN\n${number}\n`],
    ['has a column without a name', () => `msisdn,\n${number},\n`],
    ['is separated by semicolons', () => `msisdn;vanity\n${number};true\n`],
    ['is UTF-16', () => Buffer.from(`\uFEFFmsisdn\n${number}\n`, 'utf16le')],
    ['is not UTF-8', () => Buffer.concat([Buffer.from(`msisdn\n${number}\n`), Buffer.of(0xff)])],
    ['ends within a character', () => Buffer.concat([Buffer.from('msisdn\n'), Buffer.of(0xc3)])],
    ['never closes a quote', () => `msisdn\n"${number}\n`],
    [
      'never closes a quote after thousands of rows',
      () => `${operator.csv(20_000)}"x\n${number}\n`,
    ],
    ['has a quote within a field', () => `msisdn\n+93"6\n`],
    ['goes on behind a closing quote', () => `msisdn\n"${number}"x\n`],
    ['has a NUL in its header', () => `msis\0dn\n${number}\n`],
    ['ends its lines with CR alone', () => `msisdn\r${number}\r`],
    ['has a field longer than any', () => `msisdn\n"${'9'.repeat(100_000)}"\n${number}\n`],
  ];

  it.each(files)('that %s: INVALID_CSV, its audit row, its event, no row', async (_what, csv) => {
    const before = await state();
    expect(codeOf(await operator.send(Buffer.from(csv())))).toEqual([422, 'INVALID_CSV']);
    expect(await state()).toEqual({ ...before, audits: before.audits + 1 });
    const events = await tap.of(operator.operatorId, before.audits + 1);
    expect(events.at(-1)?.data).toEqual({ operatorId: operator.operatorId, code: 'INVALID_CSV' });
  });

  it('that has its header alone is a block without numbers', async () => {
    const summary = await suite.expect(201, operator.send(Buffer.from('msisdn\n')));
    expect(summary).toMatchObject({ inserted: 0, duplicates: 0, invalid: 0, errors: [] });
  });

  it('that mixes LF, CRLF, quotes and empty lines is one all the same', async () => {
    const [a, b, c] = operator.numbers(3, 50_000);
    const file = Buffer.from(`"vanity","msisdn"\r\n,${a}\n\n"true","${b}"\r\n,${c}`);
    expect(await suite.expect(201, operator.send(file))).toMatchObject({ inserted: 3, invalid: 0 });
  });
});
