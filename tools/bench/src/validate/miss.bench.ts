import type { Benchmark } from '../benchmark';
import { WARM_NUMBERS } from './questions';
import { roundsOf } from './rounds';
import { openCaller, openValidator } from './sides';

/** More than can be asked for in a second on any machine this is meant for. */
const COLD_NUMBERS_A_SECOND = 30_000;
const DEFAULT_CALLERS = 16;

/** Each call for a number that neither memory nor Redis knows, beside calls that memory answers. */
const missBy = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'validate-miss' : `validate-miss-${callers}`,
  title: `ValidateLease of numbers that nobody has asked for, ${callers} callers / of known ones`,
  ...{ unit: 'req/s', better: 'higher', bounds: 'ratio', floor: 0.6, goal: 0.95 },
  also: { p95Ms: { better: 'lower', floor: 50, goal: 10 } },
  open: async ({ roundSeconds: seconds, rounds }, resources) => {
    const coldNumbers = Math.ceil(rounds * COLD_NUMBERS_A_SECOND * seconds);
    const validator = await openValidator(resources, WARM_NUMBERS + coldNumbers);
    const misses = roundsOf(validator, await openCaller(resources, validator, 'cold'));
    const hits = roundsOf(validator, await openCaller(resources, validator, 'warm'));
    return {
      ours: () => misses.run({ callers, seconds }, ({ perSecond }) => perSecond),
      limit: () => hits.run({ callers, seconds }, ({ perSecond }) => perSecond),
      seen: () => ({ misses: misses.seen(), hits: hits.seen() }),
    };
  },
});

export const missBenchmarks: readonly Benchmark[] = [DEFAULT_CALLERS, 64].map(missBy);
