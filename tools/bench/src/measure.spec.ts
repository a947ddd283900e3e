import { mustBe, WrongAnswer, type Benchmark, type Contest } from './benchmark';
import { measure, reached, type Result } from './measure';

const SIZE = { short: false, roundSeconds: 1, rounds: 3 };

const benchmarkOf = (open: Benchmark['open'], more: Partial<Benchmark> = {}): Benchmark => ({
  ...{ name: 'one', title: 'one thing / another', unit: 'req/s', bounds: 'ratio' },
  ...{ better: 'higher', floor: 0.5, goal: 1, open },
  ...more,
});

/** Tells its values one after the other, round by round. */
const contestOf = (ours: number[], limit: number[]): Contest => ({
  ours: async () => ({ value: ours.shift() ?? NaN, cpuPerOp: 7, also: { p95Ms: 3 } }),
  limit: async () => ({ value: limit.shift() ?? NaN }),
});

describe('a benchmark', () => {
  it('leaves the warm-up out, and tells medians and the range of its pairs', async () => {
    const open = async () => contestOf([1, 300, 100, 200], [1, 200, 200, 100]);
    const { result } = await measure(benchmarkOf(open), SIZE, 3);
    expect(result).toMatchObject({ ours: 200, limit: 200, ratio: 1, range: [0.5, 2], runs: 3 });
    expect(result).toMatchObject({ cpuPerOp: 7, floor: 0.5, goal: 1 });
  });

  it('closes what was open, the newest first, where its opening fails', async () => {
    const closed: string[] = [];
    const open: Benchmark['open'] = async (_, resources) => {
      resources.defer(() => void closed.push('redis'));
      resources.defer(() => void closed.push('app'));
      throw new Error('the ledger cannot be filled');
    };
    await expect(measure(benchmarkOf(open), SIZE, 1)).rejects.toThrow('cannot be filled');
    expect(closed).toEqual(['app', 'redis']);
  });

  it('ends at a wrong answer, with everything closed', async () => {
    let isClosed = false;
    const open: Benchmark['open'] = async (_, resources) => {
      resources.defer(() => void (isClosed = true));
      return { ...contestOf([1, 1], [1, 1]), ours: async () => mustBe('state', 'A', 'B') as never };
    };
    await expect(measure(benchmarkOf(open), SIZE, 1)).rejects.toThrow(WrongAnswer);
    expect(isClosed).toBe(true);
  });
});

describe('what is reached', () => {
  const benchmark = benchmarkOf(async () => contestOf([], []), {
    also: { p95Ms: { better: 'lower', floor: 10, goal: 5 } },
  });
  const reachedBy = (ratio: number, p95Ms: number) =>
    reached(benchmark, { ratio, also: { p95Ms } } as unknown as Result);

  it.each([
    [1, 5, 'goal'],
    [1, 5.1, 'floor'],
    [0.5, 10, 'floor'],
    [0.49, 1, 'below'],
    [2, 10.1, 'below'],
    [NaN, 1, 'below'],
    [2, NaN, 'below'],
  ] as const)('a ratio of %d with a p95 of %d ms is: %s', (ratio, p95Ms, wanted) => {
    expect(reachedBy(ratio, p95Ms)).toBe(wanted);
  });
});
