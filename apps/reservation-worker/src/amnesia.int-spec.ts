import { claimKey, RELEASE_QUEUE } from '@numbering/persistence';
import { eventually } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const CLAIMS = 30;
/** How soon alarms are there again after Redis is. */
const REBUILT_WITHIN_MS = 10_000;

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
    const ttlMs = await redis.pttl(claimKey(identifiers[0] ?? ''));
    expect(ttlMs).toBeGreaterThan(800_000);
    expect(ttlMs).toBeLessThanOrEqual(900_000);
    await areStillReserved(identifiers);
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
    await world.source.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + interval '6 s' WHERE identifier = ANY ($1)`,
      [identifiers],
    );
    await redis.flushall();
    await eventually(
      async () => {
        const states = await world.source.query(
          `SELECT DISTINCT state FROM numbering.identifiers WHERE identifier = ANY ($1)`,
          [identifiers],
        );
        expect(states).toEqual([{ state: 'AVAILABLE' }]);
      },
      { withinMs: 2 * REBUILT_WITHIN_MS },
    );
    const [{ early, told }] = await world.source.query(
      `SELECT count(*) FILTER (WHERE a.at < l.expires_at)::integer AS early, count(*)::integer AS told
         FROM numbering.audit_log a JOIN numbering.leases l USING (lease_id)
        WHERE a.action = 'TTL_EXPIRE' AND l.identifier = ANY ($1)`,
      [identifiers],
    );
    expect({ early, told }).toEqual({ early: 0, told: CLAIMS });
  });
});
