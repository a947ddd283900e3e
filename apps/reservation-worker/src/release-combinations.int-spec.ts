import { claimKey } from '@numbering/persistence';
import { metricsRegistry } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { watchEnds } from './testing/release-watch';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const ALARMS = ['redis', 'bullmq', 'poll', 'sweep'];
/** Every set of alarms but the empty one. */
const COMBINATIONS = Array.from({ length: 2 ** ALARMS.length - 1 }, (_, i) =>
  ALARMS.filter((_alarm, bit) => ((i + 1) >> bit) & 1).join(','),
);
const CLAIMS = 20;
/** Keys that live beside: Redis tells the later of one that ends, the more of them there are. */
const LIVE_KEYS = 1_000;
const LIVE_KEY_MS = 3_600_000;
/** Shorter than a reservation may be in earnest, so that its end can be waited for. */
const RESERVE_TTL_MS = 1_000;
/** The promise of US-NUM-010, beyond the claim's end. */
const PROMISE_MS = 2_000;
/** Alone it promises no more than its period; beside others it is too slow to help them out. */
const SWEEP_ALONE_EVERY_MS = 1_000;
const PATIENCE_MS = 20_000;

describe('US-NUM-010 each combination of the alarms, beside a thousand live keys', () => {
  const table: string[] = [];
  let world: World;
  let redis: Redis;
  let worker: TestingModule | undefined;
  let next = 1;

  beforeAll(async () => {
    world = await openWorld({ RESERVE_TTL: `${RESERVE_TTL_MS / 1_000}s` });
    redis = new Redis(world.redis.url);
    const live = Array.from({ length: LIVE_KEYS }, (_, i) => claimKey(`live-${i}`));
    await Promise.all(live.map((key) => redis.set(key, 'live', 'PX', LIVE_KEY_MS)));
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });
  afterAll(async () => {
    redis.disconnect();
    await world.close();
    process.stdout.write(`${['worst lag of the alarms', ...table].join('\n')}\n`);
  });

  /**
   * A key is written best effort, within 25 ms: a machine that has more to do may be without it. Where the key is the
   * only alarm, such a claim is the sweep's.
   */
  const reserved = (hasKeyAlone: boolean): Promise<string> =>
    eventually(
      async () => {
        const identifier = `+9379${String(next++).padStart(7, '0')}`;
        await world.reserve(identifier);
        if (hasKeyAlone) expect(await redis.exists(claimKey(identifier))).toBe(1);
        return identifier;
      },
      { withinMs: PATIENCE_MS },
    );

  it.each(COMBINATIONS)('%s', async (alarms) => {
    const sweepEveryMs = alarms === 'sweep' ? SWEEP_ALONE_EVERY_MS : 60_000;
    worker = await world.startWorker({
      RELEASE_ALARMS: alarms,
      SWEEP_RESERVATIONS_EVERY: `${sweepEveryMs / 1_000}s`,
    });
    const identifiers: string[] = [];
    while (identifiers.length < CLAIMS) identifiers.push(await reserved(alarms === 'redis'));
    const { lagsMs, early, events } = await watchEnds(world, identifiers, {
      withinMs: PATIENCE_MS,
    });
    const worstMs = Math.max(...lagsMs);
    table.push(`${alarms.padEnd(24)} ${Math.round(worstMs)} ms`);
    expect({ early, events }).toEqual({ early: 0, events: Array(CLAIMS).fill(1) });
    expect(worstMs).toBeLessThan(PROMISE_MS);
    const counted = new RegExp(
      `num_reservations_auto_released_total\\{alarm="(${alarms.replaceAll(',', '|')})"\\} [1-9]`,
    );
    await eventually(async () => expect(await metricsRegistry.metrics()).toMatch(counted));
  });
});
