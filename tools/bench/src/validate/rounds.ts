import type { Measured } from '../benchmark';
import type { Load, LoadReport } from '../grpc-load/grpc-load';
import type { Caller, Side } from './sides';

const MICROSECONDS = 1e6;

/** Rounds of one side, and what was seen in the last of them. */
export function roundsOf(side: Pick<Side, 'cpuSeconds'>, caller: Caller) {
  let seen: Record<string, unknown> = {};
  return {
    run: async (load: Load, figure: (report: LoadReport) => number): Promise<Measured> => {
      const before = side.cpuSeconds();
      const report = await caller.run(load);
      const cpuPerOp = ((side.cpuSeconds() - before) * MICROSECONDS) / report.calls;
      const { perSecond, p50Ms, p95Ms, p99Ms, maxMs, callerCpuPerCall } = report;
      seen = inThreeDigits({
        ...{ perSecond, cpuPerCall: cpuPerOp, callerCpuPerCall },
        ...{ p50Ms, p95Ms, p99Ms, maxMs },
      });
      return { value: figure(report), cpuPerOp, also: { p95Ms } };
    },
    seen: () => seen,
  };
}

const inThreeDigits = (figures: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(3))]),
  );
