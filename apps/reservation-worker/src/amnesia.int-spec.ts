import { claimKey, RELEASE_QUEUE } from '@numbering/persistence';
import { eventually, Line, testRedis } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { watchEnds } from './testing/release-watch';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const CLAIMS = 30;
/** How soon alarms are there again after Redis is. */
const REBUILT_WITHIN_MS = 10_000;
const RESERVE_TTL_MS = 900_000;
const HOLD_TTL_MS = 86_400_000;
/** The promise of US-NUM-010, beyond the claim's end. */
const PROMISE_MS = 2_000;

describe('US-NUM-010 a Redis that forgets', () => {
  let world: World;
  let worker: TestingModule | undefined;
  let redis: Redis;
  let queue: Queue;
  let next = 1;
  const numbers = (): string[] =>
    Array.from({ length: CLAIMS }, () => `+9379${String(next++).padStart(7, '0')}`);

  beforeAll(async () => {
    world = await openWorld();
    redis = new Redis(world.redis.url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    queue = new Queue(RELEASE_QUEUE.name, { connection: redis, prefix: RELEASE_QUEUE.prefix });
    queue.on('error', () => undefined);
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });
  afterAll(async () => {
    await queue.close();
    redis.disconnect();
    await world.close();
  });

  const reserved = async (): Promise<string[]> => {
    const identifiers = numbers();
    for (const identifier of identifiers) await world.reserve(identifier);
    return identifiers;
  };
  const endIn = (identifiers: string[], time: string) =>
    world.source.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + $2::interval
        WHERE identifier = ANY ($1) AND state = 'RESERVED'`,
      [identifiers, time],
    );
  const hasAlarms = (identifiers: string[]) =>
    eventually(
      async () => {
        expect(await redis.exists(...identifiers.map(claimKey))).toBe(identifiers.length);
        const [{ seconds }] = await world.source.query(
          `SELECT count(DISTINCT date_trunc('second', expires_at))::integer AS seconds
             FROM numbering.leases WHERE identifier = ANY ($1)`,
          [identifiers],
        );
        expect(await queue.getDelayedCount()).toBeGreaterThanOrEqual(seconds);
      },
      { withinMs: REBUILT_WITHIN_MS },
    );
  const ttlOf = (identifier: string): Promise<number> => redis.pttl(claimKey(identifier));
  const areStillReserved = async (identifiers: string[]): Promise<void> => {
    const [{ n }] = await world.source.query(
      `SELECT count(*)::integer AS n FROM numbering.identifiers
        WHERE identifier = ANY ($1) AND state = 'RESERVED'`,
      [identifiers],
    );
    expect(n).toBe(identifiers.length);
  };

  it('has keys and jobs again within 10 s after it was emptied, and nothing is released early', async () => {
    worker = await world.startWorker();
    const identifiers = await reserved();
    await hasAlarms(identifiers);
    await redis.flushall();
    await hasAlarms(identifiers);
    for (const identifier of identifiers) {
      expect(await ttlOf(identifier)).toBeGreaterThan(RESERVE_TTL_MS - 60_000);
      expect(await ttlOf(identifier)).toBeLessThanOrEqual(RESERVE_TTL_MS);
    }
    await areStillReserved(identifiers);
  });

  it('has those that were claimed while it stood still, and the poll was in time meanwhile', async () => {
    worker = await world.startWorker();
    const before = await reserved();
    await hasAlarms(before);
    process.kill(world.redis.pid, 'SIGSTOP');
    try {
      const meanwhile = await reserved();
      const ending = await reserved();
      await endIn(ending, '500 ms');
      const { lagsMs, early, events } = await watchEnds(world, ending, { withinMs: 20_000 });
      expect({ early, events }).toEqual({ early: 0, events: Array(CLAIMS).fill(1) });
      expect(Math.max(...lagsMs)).toBeLessThan(PROMISE_MS);
      process.kill(world.redis.pid, 'SIGCONT');
      await hasAlarms([...before, ...meanwhile]);
      await areStillReserved([...before, ...meanwhile]);
    } finally {
      process.kill(world.redis.pid, 'SIGCONT');
    }
  });

  it('has them again after it was started anew, those too that were claimed while it was away', async () => {
    worker = await world.startWorker();
    const before = await reserved();
    await world.redis.kill();
    const meanwhile = await reserved();
    await world.redis.start();
    await hasAlarms([...before, ...meanwhile]);
    await areStillReserved([...before, ...meanwhile]);
  });

  it('frees by the rebuilt alarms alone what ends later', async () => {
    worker = await world.startWorker({ RELEASE_ALARMS: 'redis,bullmq' });
    const identifiers = await reserved();
    await endIn(identifiers, '6 s');
    await redis.flushall();
    const { early, events } = await watchEnds(world, identifiers, { withinMs: 20_000 });
    expect({ early, events }).toEqual({ early: 0, events: Array(CLAIMS).fill(1) });
  });
});

describe('US-NUM-010 a Redis that remembers what has been overtaken', () => {
  it('has the keys of what was held and claimed anew while it was away', async () => {
    const world = await openWorld({}, { keepsData: true });
    const worker = await world.startWorker();
    const redis = new Redis(world.redis.url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    try {
      const [held, retaken] = ['+93791000001', '+93791000002'];
      await world.reserve(held);
      await world.reserve(retaken);
      await eventually(async () => {
        expect(await redis.exists(claimKey(held), claimKey(retaken))).toBe(2);
      });
      await world.redis.kill();
      await world.hold(held);
      await world.source.query(
        `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE identifier = $1`,
        [retaken],
      );
      await eventually(async () => expect(await world.stateOf(retaken)).toBe('AVAILABLE'));
      const { leaseId } = await world.reserve(retaken);
      await world.redis.start();
      await eventually(
        async () => {
          expect(await redis.pttl(claimKey(held))).toBeGreaterThan(HOLD_TTL_MS - 60_000);
          expect(await redis.get(claimKey(retaken))).toBe(leaseId);
        },
        { withinMs: REBUILT_WITHIN_MS },
      );
    } finally {
      redis.disconnect();
      await worker.close();
      await world.close();
    }
  });
});

describe('US-NUM-010 a Redis that one process alone cannot reach', () => {
  it('has what that one missed soon after, the worker having had it all along', async () => {
    const server = await testRedis();
    const { line, url } = await Line.to(server.url);
    const world = await openWorld({ REDIS_URL: url });
    const worker = await world.startWorker({ REDIS_URL: server.url });
    const redis = new Redis(server.url);
    try {
      const [held, freed, made] = ['+93791000001', '+93791000002', '+93791000003'];
      await world.reserve(held);
      await world.reserve(freed);
      await eventually(async () => {
        expect(await redis.exists(claimKey(held), claimKey(freed))).toBe(2);
      });
      line.cut();
      await world.hold(held);
      await world.release(freed);
      const { leaseId } = await world.reserve(made);
      expect(await redis.exists(claimKey(made))).toBe(0);
      line.restore();
      await eventually(
        async () => {
          expect(await redis.get(claimKey(made))).toBe(leaseId);
          expect(await redis.pttl(claimKey(held))).toBeGreaterThan(HOLD_TTL_MS - 60_000);
          expect(await redis.exists(claimKey(freed))).toBe(0);
        },
        { withinMs: REBUILT_WITHIN_MS },
      );
    } finally {
      redis.disconnect();
      await worker.close();
      await world.close();
      await line.close();
      await server.stop();
    }
  });
});
