import { claimKey } from '@numbering/persistence';
import { eventually, Suite, TopicTap } from '@numbering/testing';
import { Redis } from 'ioredis';

const PROMISE_MS = 2_000;

describe('US-NUM-010 a claim left alone frees itself', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  beforeAll(() => tap.open(suite.stack.services.kafka.brokers, ['numbering.reservation.released']));
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  it('within 2 s of its end and never before, with one event a claim', async () => {
    const tenant = await suite.tenant('enterprise');
    const numbers = await suite.numbers(20);
    for (const number of numbers) await suite.expect(201, tenant.api.on(number, 'reserve'));
    await suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + interval '500 milliseconds'
        WHERE tenant_id = $1`,
      [tenant.id],
    );
    await eventually(
      async () => {
        const left = await suite.sql(
          `SELECT 1 FROM numbering.leases WHERE tenant_id = $1 AND state = 'RESERVED'`,
          [tenant.id],
        );
        expect(left).toEqual([]);
      },
      { withinMs: PROMISE_MS + 1_000 },
    );
    const lags = await suite.sql<{ lag_ms: number }>(
      `SELECT extract(epoch FROM a.at - l.expires_at)::float8 * 1000 AS lag_ms
         FROM numbering.leases l
         JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'TTL_EXPIRE'
        WHERE l.tenant_id = $1`,
      [tenant.id],
    );
    expect(lags).toHaveLength(20);
    // `at` is kept to the millisecond, the end to the microsecond
    for (const { lag_ms } of lags) expect(lag_ms).toBeGreaterThan(-1);
    expect(Math.max(...lags.map(({ lag_ms }) => lag_ms))).toBeLessThan(PROMISE_MS);
    for (const number of numbers) {
      const events = await tap.of(number, 1);
      expect(events.map(({ data }) => data.reason)).toEqual(['TTL_EXPIRED']);
    }
  });

  /** From the end that its owner set to the decision that it is over, once the number is free. */
  async function lagOf(number: string): Promise<number> {
    return eventually(
      async () => {
        const [row] = await suite.sql<{ lag_ms: number }>(
          `SELECT extract(epoch FROM a.at - l.expires_at)::float8 * 1000 AS lag_ms
             FROM numbering.identifiers i
             JOIN numbering.leases l USING (identifier)
             JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'TTL_EXPIRE'
            WHERE i.identifier = $1 AND i.state = 'AVAILABLE'`,
          [number],
        );
        if (!row) throw new Error(`${number} is not free`);
        return row.lag_ms;
      },
      { withinMs: 15_000 },
    );
  }
  const endsAt = (number: string, time: string) =>
    suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + $2::interval
        WHERE identifier = $1 AND state IN ('RESERVED', 'HELD')`,
      [number, time],
    );

  it.each(['reserve', 'hold'])(
    'at whatever end the database’s owner gives it, after a %s',
    async (action) => {
      const tenant = await suite.tenant('enterprise');
      const numbers = await suite.numbers(3);
      const [past = '', soon = '', later = ''] = numbers;
      for (const number of numbers) {
        await suite.expect(201, tenant.api.on(number, 'reserve'));
        if (action === 'hold') await suite.expect(200, tenant.api.on(number, 'hold'));
      }
      await endsAt(later, '3 s');
      await endsAt(soon, '1 s');
      // Its end has passed when the row is written: what counts is when that was.
      await endsAt(past, '-1 s');
      expect(await lagOf(past)).toBeLessThan(1_000 + PROMISE_MS);
      for (const number of [soon, later]) {
        const lagMs = await lagOf(number);
        expect(lagMs).toBeGreaterThan(-1);
        expect(lagMs).toBeLessThan(PROMISE_MS);
      }
      for (const number of numbers) {
        const released = (await tap.of(number, 1)).map(({ data }) => data.reason);
        expect(released).toEqual(['TTL_EXPIRED']);
      }
    },
  );

  it('and not because a key of a wrong time rings', async () => {
    const tenant = await suite.tenant('enterprise');
    const [live = '', ends = ''] = await suite.numbers(2);
    for (const number of [live, ends]) await suite.expect(201, tenant.api.on(number, 'reserve'));
    const redis = new Redis(suite.stack.services.redis.url);
    try {
      await redis.pexpire(claimKey(live), 20);
      await eventually(async () => expect(await redis.exists(claimKey(live))).toBe(0));
    } finally {
      redis.disconnect();
    }
    // Whatever rang has been answered when a claim that ends later is free.
    await endsAt(ends, '500 ms');
    await lagOf(ends);
    const { body } = await tenant.api.get(`/v1/numbers/${encodeURIComponent(live)}`);
    expect(body).toMatchObject({ state: 'RESERVED', ownedByCaller: true });
  });
});
