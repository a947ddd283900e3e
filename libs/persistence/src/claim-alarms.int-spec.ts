import { failFastRedis, loadConfig, monotonicMs, processLog, RedisGate } from '@numbering/platform';
import { eventually, testRedis, type TestRedis } from '@numbering/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { claimKey, ClaimAlarms, RELEASE_QUEUE, ringJobId } from './claim-alarms';

jest.setTimeout(60_000);

const RESERVE_TTL_MS = 900_000;
const NUMBER = '+93791234567';

describe('the alarms of claims', () => {
  let server: TestRedis;
  let redis: Redis;
  let jobs: Queue;
  let opened: { alarms: ClaimAlarms; gate: RedisGate; disconnect: () => void }[] = [];

  const open = async (releaseAlarms = 'redis,bullmq'): Promise<ClaimAlarms> => {
    const config = loadConfig(
      {
        DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
        REDIS_URL: server.url,
        LOG_LEVEL: 'silent',
        RELEASE_ALARMS: releaseAlarms,
      },
      'pool-monitor',
    );
    const client = failFastRedis(config);
    const gate = new RedisGate(client, processLog(config));
    const alarms = new ClaimAlarms(config, gate);
    opened.push({ alarms, gate, disconnect: () => client.disconnect() });
    await eventually(async () => gate.run((each) => each.ping()));
    return alarms;
  };
  /** A claim that ends when its time is over, made now. */
  const claim = (leaseId: string, ttlMs = RESERVE_TTL_MS, identifier = NUMBER) => ({
    identifier,
    leaseId,
    ttlMs,
    expiresAt: new Date(Date.now() + ttlMs),
  });

  beforeAll(async () => {
    server = await testRedis();
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    jobs = new Queue(RELEASE_QUEUE.name, { connection: redis, prefix: RELEASE_QUEUE.prefix });
    jobs.on('error', () => undefined);
  });
  beforeEach(() => redis.flushall());
  afterEach(async () => {
    for (const { alarms, gate, disconnect } of opened) {
      await alarms.close();
      gate.stop();
      disconnect();
    }
    opened = [];
  });
  afterAll(async () => {
    await jobs.close();
    redis.disconnect();
    await server.stop();
  });

  it('keeps a key with the lease in it, for exactly as long as the claim lasts', async () => {
    const alarms = await open();
    await alarms.apply({ set: [claim('lease-1')], clear: [] });
    expect(await redis.get(claimKey(NUMBER))).toBe('lease-1');
    expect(await redis.ttl('num:reserve:+93791234567')).toBe(900);
  });

  it('takes the longer time of a hold for the same lease', async () => {
    const alarms = await open();
    await alarms.apply({ set: [claim('lease-1')], clear: [] });
    await alarms.apply({ set: [claim('lease-1', 86_400_000)], clear: [] });
    expect(await redis.ttl(claimKey(NUMBER))).toBe(86_400);
  });

  it('clears the key of its own lease, and leaves that of a newer one alone', async () => {
    const alarms = await open();
    await alarms.apply({ set: [claim('lease-2')], clear: [] });
    await alarms.apply({ set: [], clear: [{ identifier: NUMBER, leaseId: 'lease-1' }] });
    expect(await redis.get(claimKey(NUMBER))).toBe('lease-2');
    await alarms.apply({ set: [], clear: [{ identifier: NUMBER, leaseId: 'lease-2' }] });
    expect(await redis.exists(claimKey(NUMBER))).toBe(0);
  });

  it('sets no key for a claim that is over already', async () => {
    const alarms = await open();
    await alarms.apply({ set: [claim('lease-1', 0)], clear: [] });
    expect(await redis.exists(claimKey(NUMBER))).toBe(0);
  });

  it('arms one job for each second in which something ends, whoever arms it', async () => {
    const [one, two] = [await open(), await open()];
    const first = claim('lease-1', RESERVE_TTL_MS, '+93791000001');
    const same = { ...first, identifier: '+93791000002', leaseId: 'lease-2' };
    const second = Math.floor(first.expiresAt.getTime() / 1_000);
    await eventually(async () => {
      await one.apply({ set: [first, same], clear: [] });
      await two.apply({ set: [same], clear: [] });
      expect(await jobs.getDelayedCount()).toBe(1);
    });
    const job = await jobs.getJob(ringJobId(second));
    expect(job?.data).toEqual({ second });
    expect((job?.timestamp ?? 0) + (job?.opts.delay ?? 0)).toBe(second * 1_000);
  });

  it('does without what is not configured', async () => {
    const alarms = await open('poll,sweep');
    await alarms.apply({ set: [claim('lease-1')], clear: [] });
    expect(await redis.dbsize()).toBe(0);
  });

  it('neither throws nor waits while Redis is away, and works when it is back', async () => {
    const alarms = await open();
    await server.kill();
    for (let tries = 0; tries < 5; tries++) {
      const beganAtMs = monotonicMs();
      await alarms.apply({ set: [claim('lease-1')], clear: [] });
      expect(monotonicMs() - beganAtMs).toBeLessThan(500);
    }
    await server.start();
    await eventually(async () => {
      await alarms.apply({ set: [claim('lease-3')], clear: [] });
      expect(await redis.get(claimKey(NUMBER))).toBe('lease-3');
      expect(await jobs.getDelayedCount()).toBeGreaterThan(0);
    });
  });
});
