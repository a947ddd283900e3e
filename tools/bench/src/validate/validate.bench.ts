import type { Benchmark, Contest, Size } from '../benchmark';
import { WARM_NUMBERS } from './questions';
import { roundsOf } from './rounds';
import { openCaller, openEcho, openValidator } from './sides';
import { BATCH_ITEMS } from './workload';

const DEFAULT_CALLERS = 16;
const MANY_CALLERS = 64;

/** ValidateLease out of memory, through all of the service, beside a bare grpc-js server. */
const validateBy = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'validate' : `validate-${callers}`,
  title: `ValidateLease, cache hit, whole service, ${callers} callers on 4 connections / a bare grpc-js echo`,
  ...{ unit: 'req/s', better: 'higher', bounds: 'ratio', floor: 0.85, goal: 1.5 },
  open: async (size, resources) => {
    const { ours, limit } = await openSides(resources, 'warm');
    const load = { callers, seconds: size.roundSeconds };
    return {
      ours: () => ours.run(load, ({ perSecond }) => perSecond),
      limit: () => limit.run(load, ({ perSecond }) => perSecond),
      seen: () => ({ ours: ours.seen(), limit: limit.seen() }),
    };
  },
});

export const validateBenchmarks: readonly Benchmark[] = [DEFAULT_CALLERS, MANY_CALLERS].map(
  validateBy,
);

/** Checks by the hundred beside the same echo of single calls. */
export const validateInBatches: Benchmark = {
  name: 'validate-batch',
  title: `checks/s of ValidateLeases with ${BATCH_ITEMS} items, 16 callers / calls/s of the echo`,
  ...{ unit: 'checks/s', better: 'higher', bounds: 'ratio', floor: 30, goal: 50 },
  open: async (size, resources) => {
    const { ours, limit } = await openSides(resources, 'batches');
    const load = { callers: DEFAULT_CALLERS, seconds: size.roundSeconds };
    return {
      ours: async () => {
        const batches = await ours.run(load, ({ perSecond }) => perSecond * BATCH_ITEMS);
        return { ...batches, cpuPerOp: (batches.cpuPerOp ?? NaN) / BATCH_ITEMS };
      },
      limit: () => limit.run(load, ({ perSecond }) => perSecond),
      seen: () => ({ ours: ours.seen(), limit: limit.seen() }),
    };
  },
};

/** How long answers take at half of what the service can do, come what may. */
export const validateLatency: Benchmark = {
  name: 'validate-latency',
  title:
    'p99 of ValidateLease, open loop at half of own capacity / of the echo at that rate, or at half of its own where that is less',
  ...{ unit: 'ms', better: 'lower', bounds: 'ratio', floor: 2, goal: 1.3 },
  also: { p95Ms: { better: 'lower', floor: 10, goal: 5 } },
  open: openLatency,
};

async function openLatency(
  { roundSeconds: seconds }: Size,
  resources: AsyncDisposableStack,
): Promise<Contest> {
  const { ours, limit } = await openSides(resources, 'warm');
  const atFull = { callers: MANY_CALLERS, seconds };
  const capacityOf = async (side: typeof ours): Promise<number> => {
    await side.run(atFull, ({ perSecond }) => perSecond); // Warms up.
    return (await side.run(atFull, ({ perSecond }) => perSecond)).value;
  };
  const rate = (await capacityOf(ours)) / 2;
  // Beyond its capacity every latency would be bad: there it is asked for no more than it can do.
  const limitRate = Math.min(rate, (await capacityOf(limit)) / 2);
  return {
    ours: () => ours.run({ ratePerSecond: rate, seconds }, ({ p99Ms }) => p99Ms),
    limit: () => limit.run({ ratePerSecond: limitRate, seconds }, ({ p99Ms }) => p99Ms),
    seen: () => ({ ours: ours.seen(), limit: limit.seen() }),
  };
}

async function openSides(resources: AsyncDisposableStack, workload: 'warm' | 'batches') {
  const validator = await openValidator(resources, WARM_NUMBERS);
  const echo = await openEcho(resources);
  return {
    ours: roundsOf(validator, await openCaller(resources, validator, workload)),
    limit: roundsOf(echo, await openCaller(resources, echo, 'echo')),
  };
}
