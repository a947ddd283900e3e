import { Suite, TopicTap } from '@numbering/testing';
import { ADMIN, OperatorKey, TestOperator, codeOf, flipped } from './block-import.fixture';

const ROWS = 20_000;

describe('US-NUM-001 a signed block of an operator', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let operator: TestOperator;

  beforeAll(async () => {
    const topics = ['numbering.block.imported', 'numbering.block.rejected'];
    await tap.open(suite.stack.services.kafka.brokers, topics);
    operator = await TestOperator.create(suite.admin);
  });
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  const auditOf = ({ operatorId }: TestOperator) =>
    suite.sql(
      `SELECT action, actor, reason, identifier FROM numbering.audit_log
        WHERE detail ->> 'operatorId' = $1 AND action NOT IN ('KEY_ADD', 'OPERATOR_CHANGE')
        ORDER BY audit_id`,
      [operatorId],
    );

  it('is taken whole: AVAILABLE at version 1, one audit row, one event; the same file again changes nothing', async () => {
    const [first = ''] = operator.numbers(1);
    const rows = [...operator.numbers(ROWS), first, '+93701111111'];
    const file = Buffer.from(`msisdn\r\n${rows.join('\r\n')}\r\n`);
    const summary = await suite.expect(201, operator.send(file));
    expect(summary).toEqual({
      blockId: expect.any(String),
      operatorId: operator.operatorId,
      inserted: ROWS,
      duplicates: 1,
      invalid: 1,
      errors: [{ row: ROWS + 2, value: '+93701111111', code: 'PREFIX_MISMATCH' }],
      errorsUrl: `${ADMIN}/blocks/${summary.blockId}/errors.csv`,
    });
    const states = await suite.sql(
      `SELECT state, version, operator_id, block_prefix, count(*)::integer AS n
         FROM numbering.identifiers WHERE originating_block_id = $1 GROUP BY 1, 2, 3, 4`,
      [summary.blockId],
    );
    expect(states).toEqual([
      {
        ...{ state: 'AVAILABLE', version: 1, n: ROWS, operator_id: operator.operatorId },
        block_prefix: first.slice(0, -5),
      },
    ]);
    const events = await tap.of(operator.operatorId, 1);
    expect(events.map(({ topic, data }) => ({ topic, data }))).toEqual([
      {
        topic: 'numbering.block.imported',
        data: {
          ...{ operatorId: operator.operatorId, blockId: summary.blockId, count: ROWS },
          ...{ duplicates: 1, invalid: 1 },
        },
      },
    ]);
    expect(await suite.expect(201, operator.send(file))).toEqual(summary);
    expect(await auditOf(operator)).toEqual([
      { action: 'IMPORT', actor: suite.adminSub, reason: null, identifier: null },
    ]);
    expect(await tap.of(operator.operatorId, 1)).toHaveLength(1);
    expect((await suite.admin.get(`${ADMIN}/blocks/${summary.blockId}`)).body).toMatchObject({
      blockId: summary.blockId,
      source: 'IMPORT',
      inserted: ROWS,
      importedBy: suite.adminSub,
      identifierClass: 'MSISDN',
    });
    const { body } = await suite.admin.get(`${ADMIN}/blocks?limit=200`);
    const listed = body.items as { blockId: string }[];
    expect(listed.map(({ blockId }) => blockId)).toContain(summary.blockId);
  });

  it('keeps a number with a future validFrom from everybody until then', async () => {
    const other = await TestOperator.create(suite.admin);
    const [later = '', now = ''] = other.numbers(2);
    const file = Buffer.from(
      `validFrom,msisdn\n2090-01-01,${later}\n2020-01-01T00:00:00Z,${now}\n`,
    );
    await suite.expect(201, other.send(file));
    const tenant = await suite.tenant();
    const refused = await tenant.api.on(later, 'reserve');
    expect([...codeOf(refused), refused.body.validFrom]).toEqual([
      409,
      'NOT_YET_VALID',
      '2090-01-01T00:00:00.000Z',
    ]);
    expect((await tenant.api.on(now, 'reserve')).status).toBe(201);
  });

  it('of short codes and of alpha IDs comes in the same way', async () => {
    const { operatorId } = operator;
    const tag = operatorId.slice(-4);
    const alpha = Buffer.from(`identifier,vanity\nB ${tag},true\nb${tag},\n=1+1,\n`);
    expect(
      await suite.expect(201, operator.send(alpha, { identifierClass: 'ALPHA' })),
    ).toMatchObject({
      ...{ inserted: 1, duplicates: 1, invalid: 1 },
      errors: [{ row: 3, value: '=1+1', code: 'INVALID_IDENTIFIER' }],
    });
    const [kept] = await suite.sql(
      `SELECT identifier, vanity_eligible, block_prefix FROM numbering.identifiers
        WHERE operator_id = $1 AND identifier_class = 'ALPHA'`,
      [operatorId],
    );
    expect(kept).toEqual({ identifier: `B ${tag}`, vanity_eligible: true, block_prefix: '*' });
    const code = String(10_000_000 + Number.parseInt(operatorId.slice(-5), 16));
    const codes = Buffer.from(`identifier\n${code}\n12\n`);
    expect(
      await suite.expect(201, operator.send(codes, { identifierClass: 'SHORT_CODE' })),
    ).toMatchObject({ inserted: 1, invalid: 1 });
  });

  it('is told row by row, and errors.csv has every refused row and duplicate', async () => {
    const other = await TestOperator.create(suite.admin);
    const [a = '', b = '', c = '', d = ''] = other.numbers(4);
    await suite.expect(201, other.send(Buffer.from(`msisdn\n${a}\n`)));
    const rows: [string, string | undefined][] = [
      [`${a},,`, 'ALREADY_IN_LEDGER'],
      [`"${b}",2030-01-01,true`, undefined],
      [`${b},,`, 'DUPLICATE_IN_FILE'],
      [`${c.slice(1)},,`, 'INVALID_E164'],
      ['+93701234567,,', 'PREFIX_MISMATCH'],
      [`${c},2026-02-30,`, 'INVALID_VALID_FROM'],
      [`${c},,maybe`, 'INVALID_VANITY'],
      [`${c},`, 'INVALID_ROW'],
      [`${c},,,`, 'INVALID_ROW'],
      [`"${'9'.repeat(5_000)}",,`, 'INVALID_E164'],
      ['a\0b,,', 'INVALID_E164'],
      [`"${d}",,`, undefined],
    ];
    const file = Buffer.from(
      `\uFEFFmsisdn,validFrom,vanity\r\n${rows.map(([r]) => r).join('\r\n')}`,
    );
    const summary = await suite.expect(201, other.send(file));
    expect(summary).toMatchObject({ inserted: 2, duplicates: 2, invalid: 8 });
    const refused = rows.flatMap(([, code], i) => (code === undefined ? [] : [`${i + 1} ${code}`]));
    const csv = await suite.admin.get(String(summary.errorsUrl), { accept: 'text/csv' });
    const [header, ...lines] = String(csv.body.text).trimEnd().split('\r\n');
    expect(header).toBe('row,value,code');
    const told = lines.map((line) => line.split(','));
    expect(told.map((fields) => `${fields[0]} ${fields.at(-1)}`)).toEqual(refused);
    const inAnswer = summary.errors as { row: number; code: string; value: string }[];
    expect(inAnswer.map(({ row, code }) => `${row} ${code}`)).toEqual(
      refused.filter((line) => !/DUPLICATE|ALREADY/.test(line)),
    );
    expect(Math.max(...inAnswer.map(({ value }) => value.length))).toBe(200);
  });

  it('of which nothing is signed leaves an audit row and an event and nothing else', async () => {
    const other = await TestOperator.create(suite.admin);
    const file = other.csv(3);
    expect(codeOf(await other.send(file, { signature: other.key.sign(flipped(file)) }))).toEqual([
      422,
      'SIGNATURE_INVALID',
    ]);
    const [event] = await tap.of(other.operatorId, 1);
    expect([event?.topic, event?.data]).toEqual([
      'numbering.block.rejected',
      { operatorId: other.operatorId, code: 'SIGNATURE_INVALID' },
    ]);
    expect(await auditOf(other)).toMatchObject([
      { action: 'SIGNATURE_REJECTED', reason: 'SIGNATURE_INVALID', actor: suite.adminSub },
    ]);
    expect(
      await suite.sql('SELECT 1 FROM numbering.blocks WHERE operator_id = $1', [other.operatorId]),
    ).toEqual([]);
  });

  it('is told by a dry run as by the import, and the dry run writes nothing', async () => {
    const other = await TestOperator.create(suite.admin);
    const [a = '', b = ''] = other.numbers(2);
    await suite.expect(201, other.send(Buffer.from(`msisdn\n${a}\n`)));
    const before = [await auditOf(other), await tap.of(other.operatorId, 1)];
    const file = Buffer.from(`msisdn\n${a}\n${b}\n${b}\nx\n`);
    const dry = await suite.expect(200, other.send(file, { dryRun: 'true' }));
    expect(dry).toEqual({
      ...{ operatorId: other.operatorId, inserted: 1, duplicates: 2, invalid: 1 },
      errors: [{ row: 4, value: 'x', code: 'INVALID_E164' }],
    });
    const broken = Buffer.from('number\n1\n');
    expect(codeOf(await other.send(broken, { dryRun: 'true' }))).toEqual([422, 'INVALID_CSV']);
    expect([await auditOf(other), await tap.of(other.operatorId, 1)]).toEqual(before);
    const { errorsUrl, blockId, ...done } = await suite.expect(201, other.send(file));
    expect([done, typeof errorsUrl]).toEqual([dry, 'string']);
    const again = await suite.expect(200, other.send(file, { dryRun: 'true' }));
    expect(again).toMatchObject({ blockId, inserted: 1 });
  });

  it('of which a dry run cannot verify the signature is refused and audited', async () => {
    const other = await TestOperator.create(suite.admin);
    const signature = new OperatorKey().sign(other.csv(1));
    const answer = await other.send(other.csv(1), { signature, dryRun: 'true' });
    expect(codeOf(answer)).toEqual([422, 'SIGNATURE_INVALID']);
    expect(await auditOf(other)).toMatchObject([{ action: 'SIGNATURE_REJECTED' }]);
    expect(await tap.of(other.operatorId, 1)).toHaveLength(1);
  });
});
