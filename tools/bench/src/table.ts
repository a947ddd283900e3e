import type { Benchmark } from './benchmark';
import { reached, type Result } from './measure';

export interface Row {
  benchmark: Benchmark;
  result: Result;
}

const REACHED = { goal: 'goal', floor: 'floor', below: '**below the floor**' } as const;

/** For README: what each measures, beside what, and how near to its bounds it came. */
export function tableOf(rows: readonly Row[]): string {
  return [
    '| name: what it measures | ours | limit | ratio (range) | floor / goal | reached |',
    '|---|---|---|---|---|---|',
    ...rows.map(rowOf),
  ].join('\n');
}

function rowOf({ benchmark, result }: Row): string {
  const { name, ours, limit, ratio, range, floor, goal, also = {} } = result;
  const { title, unit, bounds } = benchmark;
  const further = Object.entries(benchmark.also ?? {}).map(([figure, its]) => ({
    figure: `${figure} ${also[figure]}`,
    bounds: `${figure} ${its.floor} / ${its.goal}`,
  }));
  const own = `${floor} / ${goal}${bounds === 'ours' ? ' (ours)' : ''}`;
  const cells = [
    `\`${name}\`: ${title}, ${unit}`,
    [ours, ...further.map((each) => each.figure)].join('; '),
    limit,
    `${ratio} (${range.join(' to ')})`,
    [own, ...further.map((each) => each.bounds)].join('; '),
    REACHED[reached(benchmark, result)],
  ];
  return `| ${cells.join(' | ')} |`;
}
