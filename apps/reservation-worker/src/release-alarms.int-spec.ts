import { claimKey, RELEASE_QUEUE } from '@numbering/persistence';
import { metricsRegistry } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { watchEnds } from './testing/release-watch';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

/** Shorter than a reservation may be in earnest, so that its end can be waited for. */
const RESERVE_TTL_MS = 1_000;
/** The promise of US-NUM-010, beyond the claim's end. */
const PROMISE_MS = 2_000;
const LIVE_KEYS = 1_000;
/** Each alone: another's event would free it too. */
const LONE_CLAIMS = 5;

describe('the alarms of the release engine', () => {
  let world: World;
  let worker: TestingModule | undefined;
  let next = 1;
  const number = (): string => `+9379${String(next++).padStart(7, '0')}`;

  beforeAll(async () => {
    world = await openWorld({ RESERVE_TTL: '1s' });
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });
  afterAll(() => world.close());

  const isFree = (identifier: string, withinMs = RESERVE_TTL_MS + PROMISE_MS): Promise<void> =>
    eventually(async () => expect(await world.stateOf(identifier)).toBe('AVAILABLE'), { withinMs });

  /**
   * A claim whose key is there. It is written best effort, within 25 ms, so a machine that has more to do may be
   * without it; where the key is the only alarm, such a claim is another test's.
   */
  const reserveWithKey = async (): Promise<string> => {
    const redis = new Redis(world.redis.url);
    redis.on('error', () => undefined);
    try {
      return await eventually(
        async () => {
          const identifier = number();
          await world.reserve(identifier);
          expect(await redis.exists(claimKey(identifier))).toBe(1);
          return identifier;
        },
        { withinMs: 10_000 },
      );
    } finally {
      redis.disconnect();
    }
  };

  it('tells of each claim once, however many alarms ring', async () => {
    worker = await world.startWorker();
    const identifiers = Array.from({ length: 20 }, number);
    for (const identifier of identifiers) await world.reserve(identifier);
    for (const identifier of identifiers) await isFree(identifier);
    const lag = await metricsRegistry.getSingleMetricAsString('num_release_lag_seconds');
    expect(Number(/_count (\d+)/.exec(lag)?.[1])).toBeGreaterThanOrEqual(identifiers.length);
    const events = await world.source.query(
      `SELECT identifier FROM numbering.audit_log
        WHERE action = 'TTL_EXPIRE' AND identifier = ANY ($1)`,
      [identifiers],
    );
    expect(events).toHaveLength(identifiers.length);
  });

  it('frees what ended while nobody listened, as soon as it listens again', async () => {
    const identifier = number();
    await world.reserve(identifier);
    const redis = new Redis(world.redis.url);
    await eventually(async () => expect(await redis.exists(claimKey(identifier))).toBe(0));
    redis.disconnect();
    expect(await world.stateOf(identifier)).toBe('RESERVED');
    worker = await world.startWorker({ RELEASE_ALARMS: 'redis' });
    await isFree(identifier);
  });

  it('US-NUM-010 the key event alone frees one claim after the other in time, with a thousand keys alive', async () => {
    const redis = new Redis(world.redis.url);
    const live = Array.from({ length: LIVE_KEYS }, (_, i) => claimKey(`live-${i}`));
    await Promise.all(live.map((key) => redis.set(key, 'live', 'PX', 3_600_000)));
    worker = await world.startWorker({ RELEASE_ALARMS: 'redis' });
    for (let claim = 0; claim < LONE_CLAIMS; claim++) {
      const identifier = await reserveWithKey();
      const { lagsMs, early } = await watchEnds(world, [identifier], { withinMs: 20_000 });
      expect(early).toBe(0);
      expect(Math.max(...lagsMs)).toBeLessThan(PROMISE_MS);
    }
    await redis.del(...live);
    redis.disconnect();
  });

  it('asks Redis for key events where it tells of none, and again after a restart', async () => {
    const redis = new Redis(world.redis.url);
    redis.on('error', () => undefined);
    await redis.config('SET', 'notify-keyspace-events', 'Kg');
    worker = await world.startWorker({ RELEASE_ALARMS: 'redis' });
    const setting = async (): Promise<string> =>
      String(await redis.config('GET', 'notify-keyspace-events'));
    await eventually(async () => expect(await setting()).toMatch(/E/));
    expect(await setting()).toMatch(/x/);
    expect(await setting()).toMatch(/g/);
    await world.redis.kill();
    await world.redis.start();
    await eventually(async () => expect(await setting()).toMatch(/x/), { withinMs: 10_000 });
    await isFree(await reserveWithKey(), 10_000);
    redis.disconnect();
  });

  it('releases by the poll while Redis is away', async () => {
    worker = await world.startWorker();
    await world.redis.kill();
    const identifier = number();
    await world.reserve(identifier);
    await isFree(identifier);
    await world.redis.start();
  });

  it('arms a BullMQ job again that rings before its second has come', async () => {
    const connection = new Redis(world.redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue(RELEASE_QUEUE.name, { connection, prefix: RELEASE_QUEUE.prefix });
    worker = await world.startWorker({ RELEASE_ALARMS: 'bullmq' });
    const second = Math.floor(Date.now() / 1_000) + 3_600;
    await queue.add('ring', { second }, { jobId: `early-${second}`, removeOnComplete: true });
    await eventually(async () => {
      const delayed = await queue.getJob(`early-${second}`);
      expect(await delayed?.getState()).toBe('delayed');
      expect(delayed?.delay).toBeGreaterThan(3_500_000);
    });
    await queue.close();
    connection.disconnect();
  });
});
