import type { Benchmark, Contest, Measured, Size } from '../benchmark';
import type { Load, LoadReport } from '../grpc-load/grpc-load';
import { WARM_NUMBERS } from './questions';
import { openCaller, openEcho, openValidator, type Caller, type Side } from './sides';

const MICROSECONDS = 1e6;
const DEFAULT_CALLERS = 16;

/** ValidateLease out of memory, through all of the service, beside a bare grpc-js server. */
const validateBy = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'validate' : `validate-${callers}`,
  title: `ValidateLease, cache hit, whole service, ${callers} callers on 4 connections / a bare grpc-js echo`,
  ...{ unit: 'req/s', better: 'higher', bounds: 'ratio', floor: 0.85, goal: 1.5 },
  open: (size, resources) => openValidate(size, resources, callers),
});

export const validateBenchmarks: readonly Benchmark[] = [DEFAULT_CALLERS, 64].map(validateBy);

async function openValidate(
  { roundSeconds }: Size,
  resources: AsyncDisposableStack,
  callers: number,
): Promise<Contest> {
  const validator = await openValidator(resources, WARM_NUMBERS);
  const echo = await openEcho(resources);
  const ours = roundsOf(validator, await openCaller(resources, validator, 'warm'));
  const limit = roundsOf(echo, await openCaller(resources, echo, 'echo'));
  const load = { callers, seconds: roundSeconds };
  return {
    ours: () => ours.run(load, ({ perSecond }) => perSecond),
    limit: () => limit.run(load, ({ perSecond }) => perSecond),
    seen: () => ({ ours: ours.seen(), limit: limit.seen() }),
  };
}

/** Rounds of one side, and what was seen in the last one. */
export function roundsOf(side: Side, caller: Caller) {
  let seen: Record<string, unknown> = {};
  return {
    run: async (load: Load, figure: (report: LoadReport) => number): Promise<Measured> => {
      const before = side.cpuSeconds();
      const report = await caller.run(load);
      const cpuPerOp = ((side.cpuSeconds() - before) * MICROSECONDS) / report.calls;
      const { p50Ms, p95Ms, p99Ms, maxMs, callerCpuPerCall } = report;
      const figures = { cpuPerCall: cpuPerOp, callerCpuPerCall, p50Ms, p95Ms, p99Ms, maxMs };
      seen = Object.fromEntries(
        Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(3))]),
      );
      return { value: figure(report), cpuPerOp, also: { p95Ms } };
    },
    seen: () => seen,
  };
}
