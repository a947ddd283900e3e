import { RateWindows } from '@numbering/persistence';
import { failFastRedis, loadConfig, processLog, RedisGate } from '@numbering/platform';
import { eventually, testRedis, type TestRedis } from '@numbering/testing';
import { Permits, type Permit } from './permits';

const WINDOW_MS = 60_000;

describe('the permits of a limit, on a real Redis', () => {
  let redis: TestRedis;
  const ends: (() => void)[] = [];
  beforeAll(async () => {
    redis = await testRedis();
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  afterAll(() => redis.stop());

  /** One replica's, with a connection of its own. */
  function replica(name: string, quota: number, windowMs = WINDOW_MS) {
    const config = loadConfig(
      {
        DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
        REDIS_URL: redis.url,
        JWT_ISSUER: 'i',
        JWT_AUDIENCE: 'a',
        JWKS_URL: 'http://127.0.0.1/jwks',
        CURSOR_SECRET: 'a secret of this test alone',
        LOG_LEVEL: 'silent',
      },
      'inventory-api',
    );
    const client = failFastRedis(config);
    const gate = new RedisGate(client, processLog(config));
    gate.start();
    ends.push(() => {
      gate.stop();
      client.disconnect();
    });
    let isAlone = false;
    const permits = new Permits({ name, quota, windowMs }, new RateWindows(gate), (why) => {
      isAlone = why !== undefined;
    });
    return { permits, gate, isAlone: () => isAlone };
  }
  const connected = async (...replicas: ReturnType<typeof replica>[]) => {
    for (const { permits, isAlone } of replicas) {
      await eventually(async () => {
        await permits.take(`warm-${Math.random()}`);
        expect(isAlone()).toBe(false);
      });
    }
    return replicas;
  };
  const many = (count: number, take: (nth: number) => Promise<Permit>) =>
    Promise.all(Array.from({ length: count }, (_, nth) => take(nth)));
  const granted = (permits: readonly Permit[]) => permits.filter(({ isGranted }) => isGranted);

  it('grants exactly the limit to callers at once at several replicas', async () => {
    const replicas = await connected(replica('exact', 60), replica('exact', 60));
    for (const tenant of ['acme', 'other']) {
      const answers = await many(
        200,
        (nth) => replicas[nth % 2]?.permits.take(tenant) as Promise<Permit>,
      );
      const left = granted(answers).map((permit) => permit.left);
      expect(left.toSorted((a, b) => b - a)).toEqual(Array.from({ length: 60 }, (_, n) => 59 - n));
      for (const { isGranted, left: none, endsInMs } of answers) {
        if (!isGranted) expect(none).toBe(0);
        expect(endsInMs).toBeGreaterThan(WINDOW_MS / 2);
        expect(endsInMs).toBeLessThanOrEqual(WINDOW_MS);
      }
    }
  });

  it('grants a large limit whole, and never more, though it is fetched in portions', async () => {
    const QUOTA = 1_003;
    const [one] = await connected(replica('large', QUOTA));
    const alone = [];
    for (let nth = 0; nth < QUOTA + 7; nth++) alone.push(await one?.permits.take('alone'));
    expect(granted(alone as Permit[])).toHaveLength(QUOTA);
    expect(alone.map((permit) => permit?.left)).toEqual(
      Array.from({ length: QUOTA + 7 }, (_, nth) => Math.max(0, QUOTA - 1 - nth)),
    );
    const replicas = await connected(replica('large', QUOTA), replica('large', QUOTA));
    const both = await many(
      2 * QUOTA,
      (nth) => replicas[nth % 2]?.permits.take('both') as Promise<Permit>,
    );
    expect(granted(both).length).toBeLessThanOrEqual(QUOTA);
    // What the other has in hand when it is over.
    expect(granted(both).length).toBeGreaterThanOrEqual(QUOTA - QUOTA / 200);
  });

  it('opens a new window with the first call after the last one', async () => {
    const [one] = await connected(replica('short', 2, 500));
    const take = () => one?.permits.take('acme') as Promise<Permit>;
    expect((await many(3, take)).map(({ isGranted }) => isGranted)).toEqual([true, true, false]);
    await eventually(async () => expect(await take()).toMatchObject({ isGranted: true, left: 1 }));
  });

  it('goes on by itself from what it knew where Redis does not answer, and together again', async () => {
    const [one] = await connected(replica('away', 10));
    const take = (tenant: string) => one?.permits.take(tenant) as Promise<Permit>;
    await many(4, () => take('known'));
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const left = (await many(8, () => take('known'))).map((permit) => permit.left);
      expect(left).toEqual([5, 4, 3, 2, 1, 0, 0, 0]);
      expect(granted(await many(12, () => take('new')))).toHaveLength(10);
      expect(one?.isAlone()).toBe(true);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await connected(one as ReturnType<typeof replica>);
    await redis.kill();
    expect(granted(await many(12, () => take('newer')))).toHaveLength(10);
    await redis.start();
    await connected(one as ReturnType<typeof replica>);
  });
});
