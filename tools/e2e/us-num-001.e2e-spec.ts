import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { Suite, TopicTap } from '@numbering/testing';

describe('US-NUM-001 a signed block of an operator', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyId = `key-${randomBytes(4).toString('hex')}`;
  const seven = () => String(randomBytes(4).readUInt32BE() % 10_000_000).padStart(7, '0');
  const numbers = [...new Set(Array.from({ length: 10_500 }, () => `+9372${seven()}`))].slice(
    0,
    10_000,
  );

  const form = (file: Buffer, signature: Buffer, operatorId = 'ROSHAN') => {
    const body = new FormData();
    body.append('csvFile', new Blob([new Uint8Array(file)], { type: 'text/csv' }), 'block.csv');
    body.append('operatorId', operatorId);
    body.append('keyId', keyId);
    body.append('signature', signature.toString('base64'));
    return body;
  };
  const send = (file: Buffer, signature: Buffer) =>
    suite.admin.post('/v1/admin/numbering/blocks/import', form(file, signature));

  beforeAll(async () => {
    const topics = ['numbering.block.imported', 'numbering.block.rejected'];
    await tap.open(suite.stack.services.kafka.brokers, topics);
    const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' });
    const key = { operatorId: 'ROSHAN', keyId, algorithm: 'Ed25519', publicKeyPem };
    await suite.expect(201, suite.admin.post('/v1/admin/numbering/signing-keys', key));
  });
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  it('is verified over its exact bytes, taken whole, announced, and answers the same again', async () => {
    const file = Buffer.from(`msisdn\r\n${numbers.join('\r\n')}\r\n+93701111111\r\n`);
    const signature = sign(null, file, privateKey);
    const summary = await suite.expect(201, send(file, signature));
    expect(summary).toMatchObject({ operatorId: 'ROSHAN', invalid: 1 });
    expect(Number(summary.inserted) + Number(summary.duplicates)).toBe(10_000);
    const [counted] = await suite.sql(
      `SELECT count(*)::integer AS n, min(state) AS state FROM numbering.identifiers
        WHERE originating_block_id = $1`,
      [summary.blockId],
    );
    expect(counted).toEqual({ n: summary.inserted, state: 'AVAILABLE' });
    const events = await tap.of('ROSHAN', 1);
    expect(events.map(({ data }) => data)).toContainEqual(
      expect.objectContaining({ blockId: summary.blockId, count: summary.inserted }),
    );
    expect(await suite.expect(201, send(file, signature))).toEqual(summary);
  });

  it('is refused for one flipped byte, with an audit row and an event and nothing else', async () => {
    const file = Buffer.from('msisdn\n+93721234567\n');
    const signature = sign(null, file, privateKey);
    file[file.length - 2] = 0x38;
    const answer = await send(file, signature);
    expect([answer.status, answer.body.code]).toEqual([422, 'SIGNATURE_INVALID']);
    expect(
      await suite.sql(
        `SELECT reason FROM numbering.audit_log
        WHERE action = 'SIGNATURE_REJECTED' AND detail ->> 'keyId' = $1`,
        [keyId],
      ),
    ).toEqual([{ reason: 'SIGNATURE_INVALID' }]);
    const [block] = await suite.sql('SELECT 1 FROM numbering.blocks WHERE key_id = $1 OFFSET 1', [
      keyId,
    ]);
    expect(block).toBeUndefined();
  });
});
