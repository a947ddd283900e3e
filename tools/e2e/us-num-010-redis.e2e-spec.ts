import { claimKey, RELEASE_QUEUE } from '@numbering/persistence';
import { eventually } from '@numbering/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import { ManyClaims } from './many-claims.fixture';
import { openOwnStack, type OwnStack } from './own-stack.fixture';

const CLAIMS = 100;
const RESERVE_TTL_MS = 900_000;
/** Made before the trouble and looked at up to a minute after it. */
const OLDEST_MS = 60_000;
/** The promise of US-NUM-010, beyond the claim's end. */
const PROMISE_MS = 2_000;
/** How soon keys and jobs are there again after Redis is. */
const REBUILT_WITHIN_MS = 10_000;
const FROZEN_MS = 10_000;
const PATIENCE_MS = 30_000;

jest.setTimeout(120_000);

describe('US-NUM-010 Redis in trouble, the whole stack around it', () => {
  let own: OwnStack;
  let claims: ManyClaims;
  let redis: Redis;
  let queue: Queue;
  beforeAll(async () => {
    own = await openOwnStack({ validators: 0, redisKeepsData: false });
    claims = new ManyClaims(own);
    redis = new Redis(own.redis.url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    queue = new Queue(RELEASE_QUEUE.name, { connection: redis, prefix: RELEASE_QUEUE.prefix });
    queue.on('error', () => undefined);
  });
  afterAll(async () => {
    await queue.close();
    redis.disconnect();
    await own.close();
  });

  /** A key with the lease in it and the right time, and a job for each second in which one of them ends. */
  const haveAlarms = (numbers: readonly string[], withinMs = REBUILT_WITHIN_MS) =>
    eventually(
      async () => {
        const rows = await own.sql<{ identifier: string; lease_id: string; second: string }>(
          `SELECT identifier, lease_id, floor(extract(epoch FROM expires_at))::bigint AS second
             FROM numbering.leases WHERE identifier = ANY ($1) AND state = 'RESERVED'`,
          [numbers],
        );
        expect(rows).toHaveLength(numbers.length);
        const keys = rows.map(({ identifier }) => claimKey(identifier));
        expect(await redis.mget(keys)).toEqual(rows.map(({ lease_id }) => lease_id));
        for (const ttlMs of await Promise.all(keys.map((key) => redis.pttl(key)))) {
          expect(ttlMs).toBeGreaterThan(RESERVE_TTL_MS - OLDEST_MS);
          expect(ttlMs).toBeLessThanOrEqual(RESERVE_TTL_MS);
        }
        const armed = new Set((await queue.getDelayed()).map(({ data }) => Number(data.second)));
        for (const { second } of rows) expect(armed).toContain(Number(second));
      },
      { withinMs },
    );

  it.each<
    [string, { begin: () => Promise<unknown>; lastsMs: number; end: () => Promise<unknown> }]
  >([
    ['emptied', { begin: () => redis.flushall(), lastsMs: 0, end: async () => undefined }],
    [
      'dead, and started again empty',
      { begin: () => own.redis.kill(), lastsMs: 1_500, end: () => own.redis.start() },
    ],
    [
      'frozen for 10 s',
      {
        begin: async () => process.kill(own.redis.pid, 'SIGSTOP'),
        lastsMs: FROZEN_MS,
        end: async () => process.kill(own.redis.pid, 'SIGCONT'),
      },
    ],
  ])(
    '%s: nothing is released early or late, and the alarms are rebuilt',
    async (_what, trouble) => {
      const [before, ending] = [await claims.reserve(CLAIMS), await claims.reserve(CLAIMS)];
      await haveAlarms(before, PATIENCE_MS);
      await trouble.begin();
      const troubled = pause(trouble.lastsMs);
      try {
        // Its own trouble is long enough to see them end in it.
        await claims.endFrom(ending, 100, Math.max(trouble.lastsMs - 500, 1_000));
        const meanwhile = await claims.reserve(CLAIMS);
        await troubled;
        await trouble.end();
        await haveAlarms([...before, ...meanwhile]);
        const { worstMs, ...rest } = await claims.ended(ending, PATIENCE_MS);
        expect(rest).toEqual({ early: 0, eventsAClaim: [1] });
        expect(worstMs).toBeLessThan(PROMISE_MS);
        expect(await claims.states([...before, ...meanwhile])).toMatchObject({ free: 0 });
      } finally {
        process.kill(own.redis.pid, 'SIGCONT');
      }
    },
  );
});
