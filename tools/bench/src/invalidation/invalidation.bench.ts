// US-NUM-002 and US-NUM-004: a lease is recalled through REST, by 16 callers at a time, while two
// validators that know it as valid are asked about it on and on; beside it a bare Redis message to two
// subscribers. A valid answer that was asked for later than 1 s ends the run; after each round both are
// asked once more about every recalled number.
import type { Benchmark } from '../benchmark';
import { percentile } from '../measure';
import { openRecalls, PROMISE_MS } from './recalls';
import { redisMessageMs } from './redis-message';

/** Of all rounds together; `FLIPS=100000` for the goal. */
const FLIPS = Number(process.env.FLIPS ?? 10_000);
const SHORT_FLIPS = 100;
const P99 = 0.99;
const GOAL_MS = 50;

export const invalidation: Benchmark = {
  name: 'invalidation',
  title:
    'ms p99 from a recall’s answer to the refusal of the last of 2 validators / of a Redis message',
  unit: 'ms p99 (refusal / message)',
  better: 'lower',
  bounds: 'ours',
  floor: PROMISE_MS,
  goal: GOAL_MS,
  open: async (size, resources) => {
    const flips = Math.ceil((size.short ? SHORT_FLIPS : FLIPS) / size.rounds);
    const recalls = await openRecalls(resources, flips * size.rounds);
    const all: number[] = [];
    return {
      ours: async () => {
        const lagsMs = await recalls.flip(flips);
        all.push(...lagsMs);
        await recalls.mustAllBeRefused();
        return { value: percentile(lagsMs, P99) };
      },
      limit: async () => ({ value: await redisMessageMs(recalls.redisUrl) }),
      seen: () => ({
        flips: all.length,
        p50Ms: percentile(all, 0.5),
        p95Ms: percentile(all, 0.95),
        p99Ms: percentile(all, P99),
        maxMs: Math.max(...all),
      }),
    };
  },
};
