import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { Readable } from 'node:stream';
import { SpooledFile } from '@numbering/platform';
import { AddSigningKey } from './add-signing-key';
import { ImportBlock, type ImportBlockAsk } from './import-block';
import { RevokeSigningKey } from './revoke-signing-key';
import { adminCaller, answerOf, as, codeOf, openLedger, type Ledger } from './testing';

const ROWS = 10_000;

/** A file as it was signed, not on disk yet. */
type Asked = Omit<ImportBlockAsk, 'file'> & { file: Buffer };

describe('a signed block', () => {
  let ledger: Ledger;
  let privateKey: KeyObject;
  const context = as(adminCaller());
  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);

  const ask = (csv: string | Buffer, more: Partial<Asked> = {}): Asked => {
    const file = Buffer.from(csv);
    const signature = sign(null, file, privateKey).toString('base64');
    return { operatorId: 'ROSHAN', signature, identifierClass: 'MSISDN', file, ...more };
  };
  const run = async ({ file: bytes, ...asked }: Asked, with_ = context) => {
    const file = await SpooledFile.of(Readable.from([bytes]));
    try {
      return await ledger.module.get(ImportBlock).run(with_, { ...asked, file });
    } finally {
      await file.close();
    }
  };
  const untouched = async () => {
    const [row] = await rows(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers) AS identifiers,
              (SELECT count(*)::integer FROM numbering.blocks) AS blocks,
              (SELECT count(*)::integer FROM pg_class WHERE relpersistence = 't') AS staged`,
    );
    return row;
  };

  beforeAll(async () => {
    ledger = await openLedger();
    const pair = generateKeyPairSync('ed25519');
    ({ privateKey } = pair);
    const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const key = { operatorId: 'ROSHAN', keyId: 'k1', algorithm: 'Ed25519', publicKeyPem } as const;
    answerOf(await ledger.module.get(AddSigningKey).run(context, key));
  });
  afterAll(() => ledger.close());

  it(`takes ${ROWS} rows, all AVAILABLE at version 1, with one audit row and one event`, async () => {
    const numbers = Array.from({ length: ROWS }, (_, i) => `+9372${String(i).padStart(7, '0')}`);
    const asked = ask(`msisdn\n${numbers.join('\n')}\n`);
    const summary = answerOf(await run(asked));
    expect(summary).toMatchObject({ inserted: ROWS, duplicates: 0, invalid: 0, errors: [] });
    const [counted] = await rows(
      `SELECT count(*)::integer AS n, min(state) AS state, max(version) AS version,
              min(block_prefix) AS prefix
         FROM numbering.identifiers WHERE originating_block_id = $1`,
      [summary.blockId],
    );
    expect(counted).toEqual({ n: ROWS, state: 'AVAILABLE', version: 1, prefix: '+9372000' });
    expect(
      await rows(`SELECT action, reason FROM numbering.audit_log WHERE action = 'IMPORT'`),
    ).toHaveLength(1);
    const [event] = await rows(
      `SELECT key, payload FROM numbering.outbox WHERE topic = 'numbering.block.imported'`,
    );
    expect(event).toMatchObject({
      key: 'ROSHAN',
      payload: { data: { blockId: summary.blockId, count: ROWS } },
    });
    const again = answerOf(await run(asked));
    expect(again).toEqual(summary);
    expect(await untouched()).toEqual({ identifiers: ROWS, blocks: 1, staged: 0 });
  });

  it('skips duplicates, tells invalid rows by number, value and code, and keeps them all', async () => {
    const csv = [
      '\uFEFFvanity,identifier,validFrom',
      ',+93799000001,',
      ',+93799000001,',
      ',+93720000000,',
      ',93799000002,',
      ',+93709000002,',
      ',+93799000003,soon',
      'maybe,+93799000003,',
      ',+93799000003',
      ',"+93799000004",2030-01-01',
    ].join('\r\n');
    const summary = answerOf(await run(ask(csv)));
    expect(summary).toMatchObject({ inserted: 2, duplicates: 2, invalid: 5 });
    expect(summary.errors).toEqual([
      { row: 4, value: '93799000002', code: 'INVALID_E164' },
      { row: 5, value: '+93709000002', code: 'PREFIX_MISMATCH' },
      { row: 6, value: '+93799000003', code: 'INVALID_VALID_FROM' },
      { row: 7, value: '+93799000003', code: 'INVALID_VANITY' },
      { row: 8, value: '+93799000003', code: 'INVALID_ROW' },
    ]);
    const kept = await rows(
      `SELECT row_number, code FROM numbering.block_errors WHERE block_id = $1 ORDER BY row_number`,
      [summary.blockId],
    );
    expect(kept.slice(0, 2)).toEqual([
      { row_number: 2, code: 'DUPLICATE_IN_FILE' },
      { row_number: 3, code: 'ALREADY_IN_LEDGER' },
    ]);
    expect(kept).toHaveLength(7);
  });

  it.each<[string, (asked: Asked) => Asked]>([
    ['a flipped byte in the file', (a) => ({ ...a, file: flipped(a.file) })],
    [
      'a flipped byte in the signature',
      (a) => ({ ...a, signature: flipped(Buffer.from(a.signature, 'base64')).toString('base64') }),
    ],
    ['a signature that is not base64', (a) => ({ ...a, signature: 'no signature!' })],
    ['an empty signature', (a) => ({ ...a, signature: '' })],
    ['a key that is not there', (a) => ({ ...a, keyId: 'k2' })],
    ['another operator’s file', (a) => ({ ...a, operatorId: 'AWCC' })],
  ])('refuses %s before it reads a row', async (_what, spoil) => {
    const before = await untouched();
    const [{ n: audits }] = await rows('SELECT count(*)::integer AS n FROM numbering.audit_log');
    expect(codeOf(await run(spoil(ask('msisdn\n+93791111111\n'))))).toBe('SIGNATURE_INVALID');
    expect(await untouched()).toEqual(before);
    const written = await rows(
      'SELECT action, reason FROM numbering.audit_log ORDER BY audit_id OFFSET $1',
      [audits],
    );
    expect(written).toEqual([{ action: 'SIGNATURE_REJECTED', reason: 'SIGNATURE_INVALID' }]);
  });

  it.each([
    ['no header', ''],
    ['an unknown column', 'msisdn,price\n+93791111111,3\n'],
    ['no identifier column', 'validFrom\n2026-01-01\n'],
    ['a quote that never ends', 'msisdn\n"+93791111111\n'],
    ['bytes that are not UTF-8', Buffer.from([0x6d, 0xff, 0xfe, 0x0a])],
    ['a quote that ends after a thousand rows', `msisdn\n${'+93791111111\n'.repeat(1_500)}"x`],
  ])('refuses a file with %s, whole', async (_what, csv) => {
    const before = await untouched();
    expect(codeOf(await run(ask(csv)))).toBe('INVALID_CSV');
    expect(await untouched()).toEqual(before);
    const [event] = await rows(
      `SELECT payload FROM numbering.outbox WHERE topic = 'numbering.block.rejected'
        ORDER BY id DESC LIMIT 1`,
    );
    expect(event.payload.data).toEqual({ operatorId: 'ROSHAN', code: 'INVALID_CSV' });
  });

  it('publishes the same numbers of two files at once exactly once', async () => {
    const numbers = Array.from({ length: 500 }, (_, i) => `+93798${String(i).padStart(6, '0')}`);
    const files = [numbers, [...numbers].reverse()].map((list) => `msisdn\n${list.join('\n')}\n`);
    const summaries = (await Promise.all(files.map((csv) => run(ask(csv))))).map(answerOf);
    expect(summaries.reduce((sum, each) => sum + each.inserted, 0)).toBe(500);
    expect(summaries.reduce((sum, each) => sum + each.duplicates, 0)).toBe(500);
  });

  it('takes ten files at once, one of them four times', async () => {
    const file = (i: number) => ask(`msisdn\n+93797${String(i).padStart(6, '0')}\n`);
    const same = file(500_000);
    const summaries = (
      await Promise.all([
        ...Array.from({ length: 6 }, (_, i) => run(file(i))),
        ...Array.from({ length: 4 }, () => run(same)),
      ])
    ).map(answerOf);
    expect(summaries.map(({ inserted }) => inserted)).toEqual(summaries.map(() => 1));
    expect(new Set(summaries.slice(6).map(({ blockId }) => blockId)).size).toBe(1);
  });

  it('keeps a date that no calendar has to its row, and refuses a prefix that no number begins with', async () => {
    const csv = 'msisdn,validFrom\n+93796000001,\n+93796000002,9999-12-31T23:59:59-23:00\n';
    expect(answerOf(await run(ask(csv)))).toMatchObject({ inserted: 1, invalid: 1 });
    const wrong = ask('msisdn\n+93796000003\n', { blockPrefix: '9379' });
    expect(codeOf(await run(wrong))).toBe('VALIDATION_FAILED');
    expect(answerOf(await run({ ...wrong, blockPrefix: '+9379' }))).toMatchObject({ inserted: 1 });
  });

  it('stores no private key as a public one', async () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const key = {
      operatorId: 'ROSHAN',
      keyId: 'k9',
      algorithm: 'Ed25519',
      publicKeyPem: pem,
    } as const;
    expect(codeOf(await ledger.module.get(AddSigningKey).run(context, key))).toBe(
      'VALIDATION_FAILED',
    );
  });

  it('takes nothing under a revoked key', async () => {
    answerOf(await ledger.module.get(RevokeSigningKey).run(context, 'k1'));
    expect(codeOf(await run(ask('msisdn\n+93797777777\n')))).toBe('SIGNATURE_INVALID');
  });
});

const flipped = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
};
