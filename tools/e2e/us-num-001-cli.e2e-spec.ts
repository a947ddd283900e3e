import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Suite } from '@numbering/testing';
import { TestOperator } from './block-import.fixture';

interface Ran {
  code: number;
  out: string;
  err: string;
}

describe('US-NUM-001 numbering blocks import', () => {
  const suite = new Suite();
  let folder: string;
  let operator: TestOperator;
  let files = 0;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'numbering-import-'));
    operator = await TestOperator.create(suite.admin);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await suite.close();
  });

  /** A file with the operator's signature beside it. */
  function signed(csv: string, withSignature = true): string {
    const file = path.join(folder, `block-${files++}.csv`);
    writeFileSync(file, csv);
    if (withSignature) writeFileSync(`${file}.sig`, operator.key.sign(Buffer.from(csv)));
    return file;
  }

  const run = (...args: string[]) =>
    new Promise<Ran>((resolve) => {
      const whole = ['dist/tools/cli/main.js', 'blocks', 'import', ...args];
      execFile(process.execPath, whole, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
    });
  const imported = (file: string, ...more: string[]) =>
    run(file, '--operator', operator.operatorId, '--key', operator.key.keyId, ...more);

  const numbers = (count: number, from: number) => operator.numbers(count, from).join('\n');

  it('sends a file with the signature beside it and prints a table, and nothing else', async () => {
    const file = signed(`msisdn\n${numbers(3, 0)}\nbad\n`);
    const { code, out, err } = await imported(file);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^blockId +[0-9a-f-]{36}\n/);
    for (const line of ['rows        4', 'inserted    3', 'duplicates  0', 'invalid     1']) {
      expect(out).toContain(`\n${line}\n`);
    }
    expect(out).toMatch(/\n +4 +INVALID_E164 +bad\n/);
    expect(out).toContain('/errors.csv');
  });

  it('prints the whole answer with --json', async () => {
    const file = signed(`msisdn\n${numbers(2, 10)}\n`);
    const { code, out, err } = await imported(file, '--json');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ inserted: 2, duplicates: 0, invalid: 0, errors: [] });
  });

  it('writes nothing with --dry-run, and tells the same', async () => {
    const file = signed(`msisdn\n${numbers(2, 20)}\n`);
    const dry = await imported(file, '--dry-run', '--json');
    expect([dry.code, JSON.parse(dry.out)]).toEqual([
      0,
      expect.objectContaining({ inserted: 2, duplicates: 0, invalid: 0 }),
    ]);
    expect((await imported(file, '--dry-run')).out).toMatch(/^Dry run: nothing was written/);
    const found = await suite.sql('SELECT 1 FROM numbering.identifiers WHERE identifier = $1', [
      operator.numbers(1, 20)[0],
    ]);
    expect(found).toEqual([]);
    expect(JSON.parse((await imported(file, '--json')).out)).toMatchObject({ inserted: 2 });
    expect((await imported(file, '--dry-run')).out).toMatch(
      /^Dry run: this file is imported already/,
    );
  });

  it('exits with 1 under --strict where a row is invalid, and only there', async () => {
    const good = signed(`msisdn\n${numbers(1, 30)}\n`);
    const bad = signed(`msisdn\n${numbers(1, 30)}\n${numbers(1, 31)}\nbad\n`);
    expect((await imported(good, '--strict')).code).toBe(0);
    expect((await imported(bad, '--dry-run')).code).toBe(0);
    expect((await imported(bad, '--dry-run', '--strict')).code).toBe(1);
    const { code, out } = await imported(bad, '--strict', '--json');
    expect([code, JSON.parse(out)]).toMatchObject([1, { inserted: 1, duplicates: 1, invalid: 1 }]);
  });

  it('takes a signature from an option or another file, raw or base64', async () => {
    const csv = (n: number) => `msisdn\n${numbers(1, n)}\n`;
    const signature = (n: number) => operator.key.sign(Buffer.from(csv(n)));
    const given = await imported(signed(csv(40), false), '--signature', signature(40));
    expect([given.code, given.err]).toEqual([0, '']);
    const raw = path.join(folder, 'raw.sig');
    writeFileSync(raw, Buffer.from(signature(41), 'base64'));
    expect((await imported(signed(csv(41), false), '--signature-file', raw)).code).toBe(0);
  });

  it.each<[string, () => Promise<Ran>, number, RegExp]>([
    [
      'a signature that does not fit',
      () => imported(signed('msisdn\n', false), '--signature', 'AAAA'),
      1,
      /^The import was refused \(422 SIGNATURE_INVALID\): .+\n$/,
    ],
    ['a file that is none', () => imported(signed('number\n')), 1, /\(422 INVALID_CSV\): Unknown/],
    [
      'an operator that is none',
      () => run(signed('msisdn\n'), '--operator', 'NOBODY'),
      1,
      /\(422 VALIDATION_FAILED\): NOBODY is no operator\n {2}operatorId: /,
    ],
    [
      'no signature beside it',
      () => imported(signed('msisdn\n', false)),
      1,
      /block-.*sig cannot be read/,
    ],
    [
      'no file',
      () => imported(path.join(folder, 'none.csv'), '--signature', 'AAAA'),
      1,
      /none\.csv cannot be read\.\n$/,
    ],
    [
      'two signatures',
      () => imported(signed('msisdn\n'), '--signature', 'AAAA', '--signature-file', 'x'),
      64,
      /not both/,
    ],
    ['no operator', () => run(signed('msisdn\n')), 64, /--operator/],
    ['an unknown option', () => imported(signed('msisdn\n'), '--force'), 64, /--force/],
  ])('says in a sentence what is wrong: %s', async (_what, act, code, said) => {
    const ran = await act();
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.err).toMatch(said);
  });
});
