import { eventually, Suite, TopicTap } from '@numbering/testing';

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
});
