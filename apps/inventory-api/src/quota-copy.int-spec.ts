import { eventually, Line, testRedis, type TestRedis } from '@numbering/testing';
import { Redis } from 'ioredis';
import { openDoor, type Answer, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering/tenants';
const FIVE_MINUTES_MS = 300_000;

describe('US-NUM-011 the copy of a tenant’s quotas in Redis', () => {
  let redis: TestRedis;
  let client: Redis;
  let line: Line;
  /** Two replicas on one database and one Redis, to which the second has a line that can be cut. */
  let first: Door;
  let second: Door;
  let tenants = 0;
  beforeAll(async () => {
    redis = await testRedis();
    client = new Redis(redis.url);
    const cuttable = await Line.to(redis.url);
    line = cuttable.line;
    first = await openDoor({ REDIS_URL: redis.url });
    second = await openDoor({
      DATABASE_URL: first.databaseUrl,
      REDIS_URL: cuttable.url,
      ...first.issuer.environment,
    });
  });
  afterEach(() => line.restore());
  afterAll(async () => {
    client.disconnect();
    await second.close();
    await first.close();
    await line.close();
    await redis.stop();
  });

  const ok = async (asked: Promise<Answer>) => {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.body;
  };
  const by = (door: Door): Calls => door.as(first.adminToken);
  const shownBy = async (door: Door, tenantId: string) => {
    const { plan, items = [] } = await ok(by(door).get(`/v1/quotas?tenantId=${tenantId}`));
    return [plan, items[0]?.['quota']];
  };
  const copyOf = async (tenantId: string) => {
    const text = await client.get(`num:quota:${tenantId}`);
    return text === null ? null : JSON.parse(text);
  };
  /** Redis has 25 ms for an answer; a machine that is busier than that does without a copy for once. */
  const withCopy = (tenantId: string, door = first) =>
    eventually(async () => {
      await shownBy(door, tenantId);
      expect(await copyOf(tenantId)).not.toBeNull();
    });
  const aTenant = () => `tenant-${++tenants}`;
  const setQuota = (door: Door, tenantId: string, MSISDN: number) =>
    ok(by(door).put(`${ADMIN}/${tenantId}/quotas`, { MSISDN }));

  it('is made by who reads them, for five minutes, of a tenant that nobody told of too', async () => {
    const tenantId = aTenant();
    await withCopy(tenantId);
    const none = { MSISDN: null, SHORT_CODE: null, ALPHA: null };
    expect(await copyOf(tenantId)).toEqual({
      ...{ v: 0, plan: 'starter' },
      own: { ...none, maxActiveReservations: null, maxHolds: null },
    });
    const livesMs = await client.pttl(`num:quota:${tenantId}`);
    expect(livesMs).toBeLessThanOrEqual(FIVE_MINUTES_MS);
    expect(livesMs).toBeGreaterThan(FIVE_MINUTES_MS - 60_000);
  });

  it.each([
    ['its own quotas', (id: string) => setQuota(second, id, 7), { own: { MSISDN: 7 } }, 7],
    [
      'its plan',
      (id: string) => ok(by(second).put(`${ADMIN}/${id}`, { plan: 'premium' })),
      { plan: 'premium' },
      1_000,
    ],
  ])(
    'is renewed by another replica’s change of %s before that is answered',
    async (_, change, copy, quota) => {
      const tenantId = aTenant();
      await withCopy(tenantId);
      await change(tenantId);
      expect((await shownBy(first, tenantId))[1]).toBe(quota);
      await eventually(async () => expect(await copyOf(tenantId)).toMatchObject({ v: 1, ...copy }));
      const livesMs = await client.pttl(`num:quota:${tenantId}`);
      expect(livesMs).toBeLessThanOrEqual(FIVE_MINUTES_MS);
      expect(livesMs).toBeGreaterThan(0);
    },
  );

  it.each([
    ['cut off', () => line.cut()],
    ['frozen', () => line.freeze()],
  ])('counts for nothing where its writer’s Redis was %s', async (_, go) => {
    const tenantId = aTenant();
    await withCopy(tenantId);
    go();
    await setQuota(second, tenantId, 3);
    for (const door of [first, second]) {
      expect(await shownBy(door, tenantId)).toEqual(['starter', 3]);
    }
    await eventually(async () => {
      expect(await shownBy(first, tenantId)).toEqual(['starter', 3]);
      expect(await copyOf(tenantId)).toMatchObject({ v: 1, own: { MSISDN: 3 } });
    });
  });

  it.each([
    [
      'own quotas',
      `UPDATE numbering.tenant_quotas SET msisdn = 5 WHERE tenant_id = $1`,
      ['starter', 5],
    ],
    [
      'plan',
      `UPDATE numbering.tenants SET plan = 'business' WHERE tenant_id = $1`,
      ['business', 9],
    ],
  ])('counts for nothing after the owner’s own statement about the %s', async (_, sql, shown) => {
    const tenantId = aTenant();
    await setQuota(first, tenantId, 9);
    await withCopy(tenantId);
    await first.sql(sql, [tenantId]);
    expect(await shownBy(first, tenantId)).toEqual(shown);
  });

  it.each(['', '{', '7', 'null', '{"v":1,"plan":"gold","own":{}}', '{"v":1,"plan":"starter"}'])(
    'counts for nothing where it is %j',
    async (text) => {
      const tenantId = aTenant();
      await setQuota(first, tenantId, 6);
      await client.set(`num:quota:${tenantId}`, text, 'PX', FIVE_MINUTES_MS);
      expect(await shownBy(first, tenantId)).toEqual(['starter', 6]);
    },
  );

  it('shows no caller older quotas than it has been shown, whoever changes them meanwhile', async () => {
    const tenantId = aTenant();
    await setQuota(first, tenantId, 1);
    let isOver = false;
    const watch = async (door: Door): Promise<number[]> => {
      const seen: number[] = [];
      while (!isOver) seen.push(Number((await shownBy(door, tenantId))[1]));
      return seen;
    };
    const watching = [first, second, first, second].map(watch);
    const last = 25;
    for (let quota = 2; quota <= last; quota++) {
      await setQuota(quota % 2 === 0 ? first : second, tenantId, quota);
      expect((await shownBy(quota % 2 === 0 ? second : first, tenantId))[1]).toBe(quota);
    }
    isOver = true;
    for (const seen of await Promise.all(watching)) {
      expect(seen.length).toBeGreaterThan(0);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    }
    await withCopy(tenantId);
    await eventually(async () => {
      await shownBy(first, tenantId);
      expect((await copyOf(tenantId)).own.MSISDN).toBe(last);
    });
  });
});
