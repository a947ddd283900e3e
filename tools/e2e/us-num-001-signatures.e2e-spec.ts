import { Suite, TopicTap, type Answer } from '@numbering/testing';
import { ADMIN, OperatorKey, TestOperator, codeOf, flipped } from './block-import.fixture';

const PAST = '2020-01-01T00:00:00Z';
const FUTURE = '2090-01-01T00:00:00Z';

describe('US-NUM-001 signatures over a block', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let operator: TestOperator;
  let other: TestOperator;
  let from = 0;
  /** A file that nobody sent before. */
  const fresh = () => operator.csv(2, (from += 2));

  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, ['numbering.block.rejected']);
    operator = await TestOperator.create(suite.admin);
    other = await TestOperator.create(suite.admin);
  });
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  async function key(algorithm: OperatorKey['algorithm'], window: Record<string, string> = {}) {
    const made = new OperatorKey(algorithm);
    await operator.addKey(made, window);
    return made;
  }

  const signedBy = (signer: OperatorKey, file: Buffer, keyId?: string) =>
    operator.send(file, { signature: signer.sign(file), keyId });

  /** What an import may change beside its audit row and its event. */
  async function ledger() {
    const [row] = await suite.sql(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers WHERE operator_id = $1) AS numbers,
              (SELECT count(*)::integer FROM numbering.blocks WHERE operator_id = $1) AS blocks`,
      [operator.operatorId],
    );
    return row;
  }

  it.each(['Ed25519', 'RSA-PSS-SHA256'] as const)(
    'by %s are taken, under a key that is named or found',
    async (algorithm) => {
      const signer = await key(algorithm, { validFrom: PAST, validUntil: FUTURE });
      expect((await signedBy(signer, fresh(), signer.keyId)).status).toBe(201);
      expect((await signedBy(signer, fresh())).status).toBe(201);
      expect((await signedBy(operator.key, fresh())).status).toBe(201);
    },
  );

  it('say by which key the block came', async () => {
    const signer = await key('RSA-PSS-SHA256');
    const { blockId } = await suite.expect(201, signedBy(signer, fresh()));
    const [block] = await suite.sql('SELECT key_id FROM numbering.blocks WHERE block_id = $1', [
      blockId,
    ]);
    expect(block).toEqual({ key_id: signer.keyId });
  });

  const refusals: [string, () => Promise<Answer>][] = [
    [
      'of a key that is not valid yet',
      async () => signedBy(await key('Ed25519', { validFrom: FUTURE }), fresh()),
    ],
    [
      'of a key whose time is over',
      async () =>
        signedBy(
          await key('Ed25519', { validFrom: PAST, validUntil: '2020-01-02T00:00:00Z' }),
          fresh(),
        ),
    ],
    [
      'of a revoked key',
      async () => {
        const signer = await key('RSA-PSS-SHA256');
        const revoked = suite.admin.post(`${ADMIN}/signing-keys/${signer.keyId}/revoke`);
        await suite.expect(200, revoked);
        return signedBy(signer, fresh(), signer.keyId);
      },
    ],
    ['of a key that nobody registered', async () => signedBy(new OperatorKey(), fresh())],
    ['of another operator’s key', async () => signedBy(other.key, fresh())],
    [
      'of another operator’s key, which is named',
      async () => signedBy(other.key, fresh(), other.key.keyId),
    ],
    [
      'of one key where another is named',
      async () => signedBy(operator.key, fresh(), (await key('Ed25519')).keyId),
    ],
    [
      'over a file with a flipped byte',
      async () => {
        const file = fresh();
        return operator.send(flipped(file), { signature: operator.key.sign(file) });
      },
    ],
    [
      'with a flipped byte',
      async () => {
        const file = fresh();
        const signature = flipped(Buffer.from(operator.key.sign(file), 'base64'));
        return operator.send(file, { signature: signature.toString('base64') });
      },
    ],
    [
      'with a flipped byte, of RSA',
      async () => {
        const file = fresh();
        const signer = await key('RSA-PSS-SHA256');
        const signature = flipped(Buffer.from(signer.sign(file), 'base64'));
        return operator.send(file, { signature: signature.toString('base64') });
      },
    ],
    ['that are cut short', async () => operator.send(fresh(), { signature: 'AAAA' })],
    ['that are empty', async () => operator.send(fresh(), { signature: '' })],
    ['that are not base64', async () => operator.send(fresh(), { signature: 'no base64!' })],
    [
      'over a file with one byte more',
      async () => {
        const file = fresh();
        const longer = Buffer.concat([file, Buffer.from('\n')]);
        return operator.send(longer, { signature: operator.key.sign(file) });
      },
    ],
  ];

  it.each(refusals)('%s: an audit row and an event, nothing else', async (_what, act) => {
    const before = await ledger();
    const rejections = () =>
      suite.sql(
        `SELECT action, reason FROM numbering.audit_log
          WHERE detail ->> 'operatorId' = $1 AND action LIKE '%REJECTED' ORDER BY audit_id`,
        [operator.operatorId],
      );
    const already = (await rejections()).length;
    expect(codeOf(await act())).toEqual([422, 'SIGNATURE_INVALID']);
    expect(await ledger()).toEqual(before);
    expect((await rejections()).slice(already)).toEqual([
      { action: 'SIGNATURE_REJECTED', reason: 'SIGNATURE_INVALID' },
    ]);
    const events = await tap.of(operator.operatorId, already + 1);
    expect(events.at(-1)?.data).toEqual({
      operatorId: operator.operatorId,
      code: 'SIGNATURE_INVALID',
    });
  });

  it('of a key in use can be taken back: what was taken stays', async () => {
    const signer = await key('Ed25519');
    const file = fresh();
    const summary = await suite.expect(201, signedBy(signer, file));
    await suite.expect(200, suite.admin.post(`${ADMIN}/signing-keys/${signer.keyId}/revoke`));
    expect((await suite.admin.get(`${ADMIN}/blocks/${summary.blockId}`)).status).toBe(200);
    expect(codeOf(await signedBy(signer, file))).toEqual([422, 'SIGNATURE_INVALID']);
  });
});
