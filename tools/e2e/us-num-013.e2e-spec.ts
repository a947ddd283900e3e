import { existsSync, readFileSync } from 'node:fs';
import { eventually, Suite, TopicTap, type TestTenant } from '@numbering/testing';
import { ADMIN, TestOperator } from './block-import.fixture';
import { runJob } from './job.fixture';

const TOPICS = ['numbering.pool.exhausted', 'numbering.pool.recovered'];
const CAPACITY = `${ADMIN}/pools/capacity`;
const MSISDN_PAGE = 'docs/runbooks/mno-block-order.md';

type Pool = Record<string, unknown>;

describe('US-NUM-013 pool capacity', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let tenant: TestTenant;

  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, TOPICS);
    tenant = await suite.tenant('enterprise');
  });
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  const poolsOf = async ({ operatorId }: TestOperator): Promise<Pool[]> => {
    const { pools } = await suite.expect(200, suite.admin.get(CAPACITY));
    return (pools as Pool[]).filter((pool) => pool.operatorId === operatorId);
  };
  const shows = (operator: TestOperator, ...expected: Pool[]): Promise<void> =>
    eventually(async () => expect(await poolsOf(operator)).toMatchObject(expected));
  const reserve = async (identifiers: readonly string[]): Promise<void> => {
    const { items } = await suite.expect(
      200,
      tenant.api.post('/v1/numbers/reservations', { identifiers, atomic: true }),
    );
    expect(items).toHaveLength(identifiers.length);
  };
  const register = (identifiers: readonly Record<string, unknown>[]) =>
    suite.expect(200, suite.admin.post(`${ADMIN}/identifiers`, { identifiers }));
  /** Any registration has all pools counted anew, at once. */
  const count = () => suite.numbers();
  /** The worker may be at its own run of the day. */
  const snapshot = () =>
    eventually(async () => {
      const run = await runJob('capacity-snapshot');
      expect(run).toMatchObject({
        code: 0,
        line: { job: 'capacity-snapshot', failed: 0, durationMs: expect.any(Number) },
      });
      return run.line;
    });
  const gaugeOf = async (name: string, { operatorId }: TestOperator): Promise<string[]> => {
    const [monitor] = suite.stack.apps['pool-monitor'];
    const text = await (await fetch(`${monitor?.url}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name) && line.includes(operatorId));
  };
  const told = async (operator: TestOperator, events: number) =>
    (await tap.of(operator.operatorId, events)).map(({ topic, data }) => ({ topic, data }));

  it('shows a block at once, alerts as it runs out, and is resolved by the next block', async () => {
    const operator = await TestOperator.create(suite.admin);
    const { operatorId } = operator;
    const blockPrefix = `+93${operator.prefix}`;
    const identity = { operatorId, blockPrefix, identifierClass: 'MSISDN' };
    await suite.expect(201, operator.send(operator.csv(100), { blockPrefix }));
    await shows(operator, { total: 100 });
    expect(await poolsOf(operator)).toEqual([
      {
        ...identity,
        ...{ total: 100, available: 100, reserved: 0, held: 0, leased: 0, suspended: 0 },
        ...{ quarantine: 0, upcoming: 0, remainingPercent: 100, severity: null },
        projectedExhaustionAt: null,
        projection: { method: expect.any(String), windowDays: 1 },
        runbook: MSISDN_PAGE,
      },
    ]);
    await reserve(operator.numbers(95));
    await count();
    await shows(operator, { available: 5, reserved: 95, remainingPercent: 5, severity: null });
    await reserve(operator.numbers(1, 95));
    await count();
    await shows(operator, { available: 4, severity: 'WARNING' });
    const [{ projectedExhaustionAt } = { projectedExhaustionAt: '' }] = await poolsOf(operator);
    // 96 in a day: the last four go within the hour.
    const inHours = (new Date(String(projectedExhaustionAt)).getTime() - Date.now()) / 3_600_000;
    expect(inHours).toBeGreaterThan(0.9);
    expect(inHours).toBeLessThan(1.1);
    await reserve(operator.numbers(4, 96));
    await count();
    await eventually(async () => {
      const labels = `{operator_id="${operatorId}",block_prefix="${blockPrefix}",identifier_class="MSISDN"}`;
      const of = (name: string) => gaugeOf(name, operator);
      expect(await of('numbering_block_capacity_remaining{')).toEqual([
        `numbering_block_capacity_remaining${labels} 0`,
      ]);
      expect(await of('numbering_block_severity')).toEqual([`numbering_block_severity${labels} 2`]);
    });
    await suite.expect(201, operator.send(operator.csv(200, 100), { blockPrefix }));
    const about = { ...identity, runbook: MSISDN_PAGE };
    const [exhausted = '', recovered = ''] = TOPICS;
    expect(await told(operator, 3)).toEqual([
      {
        topic: exhausted,
        data: { ...about, remaining: 4, remainingPercent: 4, severity: 'WARNING' },
      },
      { topic: exhausted, data: { ...about, remaining: 0, remainingPercent: 0, severity: 'SEV1' } },
      {
        topic: recovered,
        data: {
          ...{ ...about, remaining: 200, remainingPercent: 66.66 },
          ...{ severity: null, clearedSeverity: 'SEV1' },
        },
      },
    ]);
    await shows(operator, { total: 300, available: 200, severity: null });
    await eventually(async () => {
      expect(await gaugeOf('numbering_block_severity', operator)).toEqual([
        expect.stringMatching(/ 0$/),
      ]);
    });
    await count();
    expect(await told(operator, 3)).toHaveLength(3);
  });

  it('refers short codes to the manual request at ATRA, and alpha IDs to their registration', async () => {
    const operator = await TestOperator.create(suite.admin);
    const { operatorId } = operator;
    const [code, name] = [`7${operator.prefix}`, `Pool${operator.prefix}`];
    await register([
      { identifier: code, operatorId },
      { identifier: name, operatorId },
    ]);
    await shows(
      operator,
      { identifierClass: 'ALPHA', blockPrefix: '*', total: 1 },
      { identifierClass: 'SHORT_CODE', blockPrefix: '*', total: 1 },
    );
    await reserve([code, name]);
    await count();
    const events = await told(operator, 2);
    const pages = Object.fromEntries(
      events.map(({ topic, data }) => {
        expect([topic, data.severity]).toEqual(['numbering.pool.exhausted', 'SEV1']);
        return [data.identifierClass, String(data.runbook)];
      }),
    );
    expect(Object.keys(pages).sort()).toEqual(['ALPHA', 'SHORT_CODE']);
    expect(existsSync(String(pages.ALPHA))).toBe(true);
    const page = readFileSync(String(pages.SHORT_CODE), 'utf8');
    expect(page).toMatch(/^# .*ATRA, by hand$/m);
    const pools = await poolsOf(operator);
    expect(pools.map(({ runbook }) => runbook)).toEqual([pages.ALPHA, pages.SHORT_CODE]);
  });

  it('counts what is not valid yet as upcoming, and as remaining from its day on', async () => {
    const operator = await TestOperator.create(suite.admin);
    const { operatorId } = operator;
    const validFrom = new Date(Date.now() + 2_000).toISOString();
    const [now, ...later] = operator.numbers(4);
    await register([
      { identifier: now, operatorId },
      ...later.map((identifier) => ({ identifier, operatorId, validFrom })),
    ]);
    await shows(operator, { total: 4, available: 1, upcoming: 3, remainingPercent: 25 });
    await shows(operator, { total: 4, available: 4, upcoming: 0, remainingPercent: 100 });
  });

  it('is shown to admins alone', async () => {
    const refused = await tenant.api.get(CAPACITY);
    expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await suite.caller().get(CAPACITY)).status).toBe(401);
  });

  it('costs no claim anything: nothing of a pool is read or written by it', async () => {
    const [number = ''] = await suite.numbers();
    await suite.sql('BEGIN');
    try {
      await suite.sql(
        `LOCK TABLE numbering.pool_counts, numbering.pool_alerts, numbering.pool_measurement,
                    numbering.pool_snapshots IN ACCESS EXCLUSIVE MODE`,
      );
      await suite.expect(201, tenant.api.on(number, 'reserve'));
      await suite.expect(200, tenant.api.on(number, 'hold'));
      await suite.expect(200, tenant.api.on(number, 'release'));
    } finally {
      await suite.sql('ROLLBACK');
    }
  });

  it('is kept once a day, by one run at a time', async () => {
    await snapshot();
    expect((await snapshot())?.scanned).toBeGreaterThan(0);
    const [{ days } = { days: 0 }] = await suite.sql<{ days: number }>(
      `SELECT count(*)::int AS days
         FROM (SELECT 1 FROM numbering.pool_snapshots
                GROUP BY operator_id, block_prefix, identifier_class, day HAVING count(*) > 1) AS twice`,
    );
    expect(days).toBe(0);
    const lock = [746_352, 'capacity-snapshot'];
    await suite.sql('SELECT pg_advisory_lock($1, hashtext($2))', lock);
    expect(await runJob('capacity-snapshot')).toEqual({ code: 75 });
    await suite.sql('SELECT pg_advisory_unlock($1, hashtext($2))', lock);
  });
});
