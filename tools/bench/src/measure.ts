import type { Benchmark, Bounds, Contest, Measured, Size } from './benchmark';

/** One line of the results. Ratios count; absolute figures depend on the machine. */
export interface Result {
  name: string;
  ours: number;
  limit: number;
  ratio: number;
  floor: number;
  goal: number;
  unit: string;
  cpuPerOp: number | null;
  runs: number;
  /** The least and the largest ratio of a pair of rounds. */
  range: [number, number];
  /** The medians of the further figures that have bounds. */
  also?: Record<string, number>;
}

interface Pair {
  ours: Measured;
  limit: Measured;
}

/**
 * A warm-up of each side that does not count, then pairs of rounds, ours and limit by turns. A short
 * run, of which nobody asks how fast it was, has no warm-up.
 */
export async function measure(
  benchmark: Benchmark,
  size: Size,
  runs: number,
): Promise<{ result: Result; seen: Record<string, unknown> }> {
  const resources = new AsyncDisposableStack();
  try {
    const contest = await benchmark.open(size, resources);
    if (!size.short) {
      await contest.ours();
      await contest.limit();
    }
    const pairs = await pairsOf(contest, runs);
    return { result: resultOf(benchmark, pairs), seen: contest.seen?.() ?? {} };
  } finally {
    await resources.disposeAsync();
  }
}

async function pairsOf(contest: Contest, runs: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let run = 0; run < runs; run++) {
    const isOursFirst = run % 2 === 0;
    const first = isOursFirst ? await contest.ours() : await contest.limit();
    const second = isOursFirst ? await contest.limit() : await contest.ours();
    const [ours, limit] = isOursFirst ? [first, second] : [second, first];
    pairs.push({ ours, limit });
  }
  return pairs;
}

function resultOf(
  { name, floor, goal, unit, also = {} }: Benchmark,
  pairs: readonly Pair[],
): Result {
  const ours = median(pairs.map((pair) => pair.ours.value));
  const limit = median(pairs.map((pair) => pair.limit.value));
  const ratios = pairs.map((pair) => pair.ours.value / pair.limit.value);
  const cpu = pairs.flatMap((pair) => pair.ours.cpuPerOp ?? []);
  const figures = Object.keys(also).map((figure) => [
    figure,
    rounded(median(pairs.map((pair) => pair.ours.also?.[figure] ?? NaN))),
  ]);
  return {
    name,
    ours: rounded(ours),
    limit: rounded(limit),
    ratio: rounded(ours / limit),
    floor,
    goal,
    unit,
    cpuPerOp: cpu.length > 0 ? rounded(median(cpu)) : null,
    runs: pairs.length,
    range: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
    ...(figures.length > 0 ? { also: Object.fromEntries(figures) } : {}),
  };
}

export type Reached = 'goal' | 'floor' | 'below';

/** What a result reaches with all its figures. One that is no number reaches nothing. */
export function reached(benchmark: Benchmark, result: Result): Reached {
  const figures: [number, Bounds][] = [[result[benchmark.bounds], benchmark]];
  for (const [name, bounds] of Object.entries(benchmark.also ?? {})) {
    figures.push([result.also?.[name] ?? NaN, bounds]);
  }
  if (figures.every(([figure, bounds]) => isWithin(figure, bounds, bounds.goal))) return 'goal';
  const isAboveFloor = figures.every(([figure, bounds]) => isWithin(figure, bounds, bounds.floor));
  return isAboveFloor ? 'floor' : 'below';
}

const isWithin = (figure: number, { better }: Bounds, bound: number): boolean =>
  better === 'higher' ? figure >= bound : figure <= bound;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** @param part 0.99 for the 99th percentile */
export function percentile(values: Iterable<number>, part: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}

/** Three significant digits are all that a noisy machine tells. */
const rounded = (value: number): number => Number(value.toPrecision(3));
