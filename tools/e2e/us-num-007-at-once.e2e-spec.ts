import { randomBytes } from 'node:crypto';
import { Suite, type Answer } from '@numbering/testing';

const BULK = '/v1/numbers/reservations';
const CALLS = 50;
const RESERVATIONS = 7;
const HOLDS = 3;
const CROSSINGS = 5;

/** One of the calls that come at the same time, and how many numbers it won. */
type Call = () => Promise<number>;

describe('US-NUM-007 many calls at once', () => {
  const suite = new Suite();
  afterAll(() => suite.close());

  /** A tenant in whose name the admin asks: a token of its own is not what this is about. */
  async function tenantOf(quotas: Record<string, number>): Promise<string> {
    const id = `t-${randomBytes(5).toString('hex')}`;
    await suite.expect(
      200,
      suite.admin.put(`/v1/admin/numbering/tenants/${id}`, { plan: 'enterprise' }),
    );
    await suite.expect(200, suite.admin.put(`/v1/admin/numbering/tenants/${id}/quotas`, quotas));
    return id;
  }

  const bulk = (tenantId: string, identifiers: string[], atomic = false) =>
    suite.admin.post(BULK, { tenantId, identifiers, atomic });
  const itemsOf = ({ status, body }: Answer) => {
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body.items as { identifier: string; status: string; code?: string }[];
  };
  const wonIn = (answer: Answer) =>
    itemsOf(answer).filter(({ status }) => status === 'reserved').length;

  /** As the database counts them. */
  const claimsOf = async (tenantId: string) => {
    const [row] = await suite.sql(
      `SELECT count(*) FILTER (WHERE state IN ('RESERVED', 'HELD'))::integer AS active,
              count(*) FILTER (WHERE state = 'HELD')::integer AS held,
              count(*) FILTER (WHERE state = 'LEASED')::integer AS leased
         FROM numbering.leases
        WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
      [tenantId],
    );
    return row;
  };

  const refusal = (code: string, quota: number) => ({ code, quota, current: quota });

  /** One number; refused, it is for the quota. */
  const single =
    (tenantId: string, number: string): Call =>
    async () => {
      const { status, body } = await suite.admin.on(number, 'reserve', { tenantId });
      if (status === 201) return 1;
      expect([status, body]).toMatchObject([403, refusal('RESERVATION_QUOTA', RESERVATIONS)]);
      return 0;
    };
  const some =
    (tenantId: string, numbers: string[]): Call =>
    async () => {
      const answer = await bulk(tenantId, numbers);
      const refused = itemsOf(answer).filter(({ status }) => status === 'refused');
      expect(new Set(['RESERVATION_QUOTA', ...refused.map(({ code }) => code)]).size).toBe(1);
      return wonIn(answer);
    };
  const allOrNone =
    (tenantId: string, numbers: string[]): Call =>
    async () => {
      const answer = await bulk(tenantId, numbers, true);
      if (answer.status === 200) return wonIn(answer);
      expect([answer.status, answer.body]).toMatchObject([403, { code: 'RESERVATION_QUOTA' }]);
      return 0;
    };

  const total = async (calls: Call[]) =>
    (await Promise.all(calls.map((call) => call()))).reduce((sum, won) => sum + won, 0);
  const each = (count: number, make: (nth: number) => Call): Call[] =>
    Array.from({ length: count }, (_, nth) => make(nth));

  it.each<[string, number, (tenantId: string, numbers: string[]) => Call[]]>([
    [`${CALLS} reservations`, RESERVATIONS, (id, n) => each(CALLS, (i) => single(id, n[i] ?? ''))],
    [
      `${CALLS} calls for three numbers each`,
      RESERVATIONS,
      (id, n) => each(CALLS, (i) => some(id, n.slice(3 * i, 3 * i + 3))),
    ],
    [
      `${CALLS} calls for two numbers or none`,
      RESERVATIONS - 1,
      (id, n) => each(CALLS, (i) => allOrNone(id, n.slice(2 * i, 2 * i + 2))),
    ],
    [
      'reservations, calls for three, and for two or none, mixed',
      RESERVATIONS,
      (id, n) =>
        each(20, (i) => single(id, n[i] ?? '')).flatMap((call, i) => [
          call,
          ...(i < 15 ? [some(id, n.slice(20 + 3 * i, 23 + 3 * i))] : []),
          ...(i < 15 ? [allOrNone(id, n.slice(80 + 2 * i, 82 + 2 * i))] : []),
        ]),
    ],
  ])('%s get exactly as many as the quota allows', async (_what, allowed, callsOf) => {
    const tenantId = await tenantOf({ maxActiveReservations: RESERVATIONS });
    const numbers = await suite.numbers(3 * CALLS);
    expect(await total(callsOf(tenantId, numbers))).toBe(allowed);
    expect(await claimsOf(tenantId)).toEqual({ active: allowed, held: 0, leased: 0 });
  });

  it('does not count what has lapsed, whoever has swept it or not', async () => {
    const tenantId = await tenantOf({ maxActiveReservations: RESERVATIONS });
    const old = await suite.numbers(RESERVATIONS);
    expect(wonIn(await bulk(tenantId, old))).toBe(RESERVATIONS);
    await suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE tenant_id = $1`,
      [tenantId],
    );
    const numbers = await suite.numbers(CALLS);
    expect(await total(numbers.map((number) => single(tenantId, number)))).toBe(RESERVATIONS);
    expect(await claimsOf(tenantId)).toMatchObject({ active: RESERVATIONS });
  });

  it('US-NUM-008 of 50 holds at once as many as the quota allows', async () => {
    const tenantId = await tenantOf({ maxActiveReservations: CALLS, maxHolds: HOLDS });
    const numbers = await suite.numbers(CALLS);
    expect(wonIn(await bulk(tenantId, numbers))).toBe(CALLS);
    const answers = await Promise.all(
      numbers.map((number) => suite.admin.on(number, 'hold', { tenantId })),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(CALLS - HOLDS);
    for (const { status, body } of refused)
      expect([status, body]).toMatchObject([403, refusal('HOLD_QUOTA', HOLDS)]);
    expect(await claimsOf(tenantId)).toEqual({ active: CALLS, held: HOLDS, leased: 0 });
  });

  it('lets no more in than leases and releases beside them have made room for', async () => {
    const tenantId = await tenantOf({ maxActiveReservations: RESERVATIONS });
    const old = await suite.numbers(RESERVATIONS);
    const fresh = await suite.numbers(CALLS);
    expect(wonIn(await bulk(tenantId, old))).toBe(RESERVATIONS);
    const leave = async (number: string, nth: number) => {
      const terms = { tenantId, term: '30d', autoRenew: false };
      if (nth % 2 === 0) await suite.expect(201, suite.admin.on(number, 'lease', terms));
      else await suite.expect(200, suite.admin.on(number, 'release', { tenantId }));
    };
    const [won] = await Promise.all([
      total(fresh.map((number) => single(tenantId, number))),
      ...old.map(leave),
    ]);
    expect(won).toBeLessThanOrEqual(RESERVATIONS);
    const leased = Math.ceil(RESERVATIONS / 2);
    expect(await claimsOf(tenantId)).toEqual({ active: won, held: 0, leased });
  });

  it('gives each number of overlapping calls in opposite orders to exactly one, and none of them waits for ever', async () => {
    const tenants = await Promise.all(
      Array.from({ length: 8 }, () => tenantOf({ maxActiveReservations: 1_000 })),
    );
    for (let round = 0; round < CROSSINGS; round++) {
      const numbers = await suite.numbers(40);
      const winners = new Map(numbers.map((number) => [number, 0]));
      const answers = await Promise.all(
        tenants.map((tenantId, i) => bulk(tenantId, i % 2 === 0 ? numbers : numbers.toReversed())),
      );
      for (const answer of answers)
        for (const { identifier, status } of itemsOf(answer))
          if (status === 'reserved') winners.set(identifier, (winners.get(identifier) ?? 0) + 1);
      expect(numbers.filter((number) => winners.get(number) !== 1)).toEqual([]);
      await expectOneClaimEach(numbers);
    }
  });

  it('gives all of them to exactly one of those that want all or none, in opposite orders', async () => {
    const tenants = await Promise.all(
      Array.from({ length: 8 }, () => tenantOf({ maxActiveReservations: 1_000 })),
    );
    for (let round = 0; round < CROSSINGS; round++) {
      const numbers = await suite.numbers(40);
      const answers = await Promise.all(
        tenants.map((tenantId, i) =>
          bulk(tenantId, i % 2 === 0 ? numbers : numbers.toReversed(), true),
        ),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, ...tenants.slice(1).map(() => 409)]);
      await expectOneClaimEach(numbers);
    }
  });

  async function expectOneClaimEach(numbers: string[]): Promise<void> {
    const claims = await suite.sql(
      `SELECT identifier FROM numbering.leases WHERE identifier = ANY ($1) ORDER BY identifier`,
      [numbers],
    );
    expect(claims.map(({ identifier }) => identifier)).toEqual(numbers.toSorted());
  }
});
