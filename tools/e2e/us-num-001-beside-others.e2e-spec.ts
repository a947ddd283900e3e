import { randomUUID } from 'node:crypto';
import {
  eventually,
  Suite,
  TopicTap,
  ValidatorClient,
  type Answer,
  type TestTenant,
} from '@numbering/testing';
import { Client } from 'pg';
import { ADMIN, OperatorKey, TestOperator, codeOf } from './block-import.fixture';

/** Of an event and of an eviction (targets). */
const PROMPT_MS = 1_000;

describe('US-NUM-001 imports beside each other and beside everything else', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let owner: Client;
  beforeAll(async () => {
    const { services } = suite.stack;
    await tap.open(services.kafka.brokers, ['numbering.reservation.held']);
    owner = new Client({ connectionString: services.postgres.url });
    await owner.connect();
  });
  afterAll(async () => {
    await owner.end();
    await tap.close();
    await suite.close();
  });

  const counts = (blockId: unknown) =>
    suite.sql<{ inserted: number; reported: number }>(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers
                WHERE originating_block_id = $1) AS inserted,
              (SELECT count(*)::integer FROM numbering.block_errors
                WHERE block_id = $1) AS reported`,
      [blockId],
    );

  it('publish what two files share exactly once, and count every row of both', async () => {
    const operator = await TestOperator.create(suite.admin);
    const shared = 4_000;
    const files = [
      operator.numbers(8_000),
      operator.numbers(8_000, shared).reverse(),
      operator.numbers(shared, 2_000),
    ].map((numbers) => Buffer.from(`msisdn\n${numbers.join('\n')}\n`));
    const summaries = await Promise.all(
      files.map((file) => suite.expect(201, operator.send(file))),
    );
    for (const { blockId, inserted, duplicates, invalid } of summaries) {
      expect(invalid).toBe(0);
      expect(await counts(blockId)).toEqual([{ inserted, reported: duplicates }]);
    }
    const sum = (name: string) => summaries.reduce((total, each) => total + Number(each[name]), 0);
    expect([sum('inserted'), sum('duplicates')]).toEqual([12_000, 8_000]);
  });

  it('come four at once, one of the files twice', async () => {
    const operator = await TestOperator.create(suite.admin);
    const files = [0, 1, 2, 2].map((i) => operator.csv(10_000, i * 10_000));
    const summaries = await Promise.all(files.map((f) => suite.expect(201, operator.send(f))));
    expect(summaries.map(({ inserted }) => inserted)).toEqual([10_000, 10_000, 10_000, 10_000]);
    expect(summaries[2]?.blockId).toBe(summaries[3]?.blockId);
  });

  /** Runs `meanwhile` while an import's publication is open: it waits for a row of ours. */
  async function whilePublishing(
    operator: TestOperator,
    headers: Record<string, string>,
    meanwhile: (file: Buffer) => Promise<void>,
  ): Promise<Answer> {
    const [contested = ''] = operator.numbers(1, 5_000);
    const earlier = await suite.expect(201, operator.send(operator.csv(1, 99_999)));
    const file = operator.csv(10_000);
    await owner.query('BEGIN');
    await owner.query(
      `INSERT INTO numbering.identifiers
              (identifier, identifier_class, operator_id, block_prefix, changed_at, originating_block_id)
       VALUES ($1, 'MSISDN', $2, '+93', clock_timestamp(), $3)`,
      [contested, operator.operatorId, earlier.blockId],
    );
    let importing: Promise<Answer>;
    try {
      importing = operator.send(file, {}, headers);
      await eventually(async () => {
        const waiting = await suite.sql(
          `SELECT 1 FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO numbering.identifiers%import_rows%'`,
        );
        expect(waiting).toHaveLength(1);
      });
      await meanwhile(file);
    } finally {
      await owner.query('ROLLBACK');
    }
    return importing;
  }

  async function leased(tenant: TestTenant): Promise<string> {
    const [number = ''] = await suite.numbers(1);
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    return number;
  }

  it('hold up nobody while one of them is open: claims, events, evictions, admins, other imports', async () => {
    const operator = await TestOperator.create(suite.admin);
    const other = await TestOperator.create(suite.admin);
    const spare = new OperatorKey();
    await operator.addKey(spare);
    const tenant = await suite.tenant();
    const number = await leased(tenant);
    const [free = ''] = await suite.numbers(1);
    const [validator] = suite.stack.apps['lease-validator'];
    const client = new ValidatorClient(validator?.grpc ?? '', suite.stack.tokens.validator);
    const [unseen = ''] = operator.numbers(1, 9_999);
    const headers = { 'idempotency-key': randomUUID() };
    const answer = await whilePublishing(operator, headers, async (file) => {
      // A reservation and its event.
      const askedAt = Date.now();
      await suite.expect(201, tenant.api.on(free, 'reserve'));
      await tap.of(free, 1);
      expect(Date.now() - askedAt).toBeLessThan(2 * PROMPT_MS);
      // A recall and its eviction.
      expect(await client.ask(number, tenant.id)).toMatchObject({ valid: true });
      expect(await client.ask(unseen, tenant.id)).toMatchObject({ reason: 'NOT_REGISTERED' });
      const recall = { reason: 'TENANT_REQUEST', actorId: tenant.sub };
      await suite.expect(200, tenant.api.on(number, 'recall', recall));
      await eventually(
        async () =>
          expect(await client.ask(number, tenant.id)).toMatchObject({ reason: 'LEASE_RECALLED' }),
        { withinMs: PROMPT_MS },
      );
      // What admins do to the same operator, its keys included, and another import.
      await suite.expect(200, suite.admin.post(`${ADMIN}/signing-keys/${spare.keyId}/revoke`));
      const { operatorId, prefix, key } = operator;
      await suite.expect(200, suite.admin.post(`${ADMIN}/signing-keys/${key.keyId}/revoke`));
      const body = { name: 'renamed', prefixes: [prefix] };
      await suite.expect(200, suite.admin.put(`${ADMIN}/operators/${operatorId}`, body));
      await suite.numbers(3);
      expect(await suite.expect(201, other.send(other.csv(10_000)))).toMatchObject({
        inserted: 10_000,
      });
      expect(codeOf(await operator.send(file, {}, headers))).toEqual([
        409,
        'IDEMPOTENCY_IN_PROGRESS',
      ]);
      expect(
        await suite.sql('SELECT 1 FROM numbering.identifiers WHERE identifier = $1', [unseen]),
      ).toEqual([]);
    });
    expect([answer.status, answer.body]).toMatchObject([
      201,
      { inserted: 10_000, duplicates: 0, invalid: 0 },
    ]);
    // Validators forget at once what they knew to be unknown.
    await eventually(
      async () =>
        expect(await client.ask(unseen, tenant.id)).toMatchObject({ reason: 'NOT_LEASED' }),
      { withinMs: PROMPT_MS },
    );
    client.close();
  });

  it('leave a key’s answer for whoever asks again', async () => {
    const operator = await TestOperator.create(suite.admin);
    const headers = { 'idempotency-key': randomUUID() };
    const file = operator.csv(2);
    const first = await operator.send(file, {}, headers);
    const again = await operator.send(file, {}, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(codeOf(await operator.send(operator.csv(3), {}, headers))).toEqual([
      422,
      'IDEMPOTENCY_KEY_REUSED',
    ]);
  });
});
