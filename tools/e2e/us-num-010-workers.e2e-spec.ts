import { eventually } from '@numbering/testing';
import { Client } from 'pg';
import { ManyClaims } from './many-claims.fixture';
import { openOwnStack, type OwnStack } from './own-stack.fixture';

const CLAIMS = 1_000;
/** The promise of US-NUM-010, beyond the claim's end. */
const PROMISE_MS = 2_000;
const PATIENCE_MS = 30_000;
const AUTO_RELEASED = 'num_reservations_auto_released_total';
const ACTIVE = 'num_reservations_active';
const OVERDUE = 'num_release_overdue_seconds';

/** Workers are started five times. */
jest.setTimeout(120_000);

describe('US-NUM-010 two workers', () => {
  let own: OwnStack;
  let claims: ManyClaims;
  beforeAll(async () => {
    own = await openOwnStack({ workers: 2, validators: 0 });
    claims = new ManyClaims(own);
  });
  afterAll(() => own.close());

  const ofEach = (metric: string) => Promise.all(own.workers.map((each) => each.metric(metric)));
  const each = { early: 0, eventsAClaim: [1] };

  it('share the work: both release, each claim once, and count what they did', async () => {
    const before = await ofEach(AUTO_RELEASED);
    const numbers = await claims.reserve(CLAIMS);
    await claims.endFrom(numbers, 200, 2_500);
    const { worstMs, ...rest } = await claims.ended(numbers, PATIENCE_MS);
    expect(rest).toEqual(each);
    expect(worstMs).toBeLessThan(PROMISE_MS);
    // The last of it is counted right after its commit.
    await eventually(async () => {
      const released = (await ofEach(AUTO_RELEASED)).map((n, i) => n - (before[i] ?? NaN));
      expect(released.reduce((sum, n) => sum + n)).toBe(CLAIMS);
      for (const n of released) expect(n).toBeGreaterThan(0);
    });
    const counts = await ofEach('num_release_lag_seconds_count');
    const inTime = await ofEach('num_release_lag_seconds_bucket{le="2"}');
    expect(counts.reduce((sum, n) => sum + n)).toBe(CLAIMS);
    expect(inTime).toEqual(counts);
  });

  it('lose nothing when one is killed in the middle of a burst', async () => {
    const [, second] = own.workers;
    const numbers = await claims.reserve(CLAIMS);
    await claims.endFrom(numbers, 200, 1_000);
    await eventually(async () => {
      const { free } = await claims.states(numbers);
      expect(free).toBeGreaterThan(CLAIMS / 10);
    });
    const { left } = await claims.states(numbers);
    await second?.kill();
    expect(left).toBeGreaterThan(0);
    const { worstMs, ...rest } = await claims.ended(numbers, PATIENCE_MS);
    expect(rest).toEqual(each);
    expect(worstMs).toBeLessThan(PROMISE_MS);
    await second?.start();
  });

  it('release at once after a restart what fell due while both were dead', async () => {
    const numbers = await claims.reserve(CLAIMS);
    await Promise.all(own.workers.map((worker) => worker.kill()));
    await claims.endFrom(numbers, 0, 200);
    await eventually(async () => {
      const [row] = await own.sql<{ due: number }>(
        `SELECT count(*)::integer AS due FROM numbering.leases
          WHERE state = 'RESERVED' AND expires_at <= clock_timestamp()`,
      );
      expect(row?.due).toBe(CLAIMS);
    });
    await Promise.all(own.workers.map((worker) => worker.start()));
    const { worstMs: _late, ...rest } = await claims.ended(numbers, PROMISE_MS);
    expect(rest).toEqual(each);
  });

  it('both tell how many claims are active, right after a restart too, and none that has lapsed', async () => {
    const [live, lapsed] = [await claims.reserve(70), await claims.reserve(30)];
    const [first] = own.workers;
    const active = async () => {
      const [row] = await own.sql<{ n: number }>(
        `SELECT count(*)::integer AS n FROM numbering.leases
          WHERE state IN ('RESERVED', 'HELD') AND expires_at > clock_timestamp()`,
      );
      return row?.n;
    };
    expect(await active()).toBe(live.length + lapsed.length);
    await eventually(async () => expect(await ofEach(ACTIVE)).toEqual([100, 100]));
    await first?.kill();
    await first?.start();
    expect(await first?.metric(ACTIVE)).toBe(100);
    // Somebody holds these numbers: they lapse, and no worker comes by them.
    const holder = new Client({ connectionString: own.databaseUrl });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(
        'SELECT 1 FROM numbering.identifiers WHERE identifier = ANY ($1) FOR UPDATE',
        [lapsed],
      );
      await claims.endFrom(lapsed, 0);
      await eventually(async () => expect(await ofEach(ACTIVE)).toEqual([70, 70]));
      expect(await active()).toBe(live.length);
      expect(await claims.states(lapsed)).toEqual({ free: 0, left: lapsed.length });
      await eventually(async () => {
        for (const seconds of await ofEach(OVERDUE)) expect(seconds).toBeGreaterThan(0);
      });
    } finally {
      await holder.end();
    }
    const { eventsAClaim } = await claims.ended(lapsed, PATIENCE_MS);
    expect(eventsAClaim).toEqual([1]);
    await eventually(async () => expect(await ofEach(OVERDUE)).toEqual([0, 0]));
  });
});
