import { parseArgs } from 'node:util';
import { MissingTool, WrongAnswer, type Benchmark, type Size } from './benchmark';
import { measure, reaches, type Result } from './measure';
import { browseBenchmarks } from './browse/browse.bench';
import { releaseLagBenchmarks } from './release/release-lag.bench';
import { contention } from './reserve/contention.bench';
import { reserveBenchmarks } from './reserve/reserve.bench';

/** Every benchmark of the suite, by the name that the command line knows. */
const SUITE: Readonly<Record<string, readonly Benchmark[]>> = {
  reserve: reserveBenchmarks,
  contention: [contention],
  'release-lag': releaseLagBenchmarks,
  browse: browseBenchmarks,
};

const DEFAULT_RUNS = 5;
const ROUND_SECONDS = 3;
const SHORT_ROUND_SECONDS = 0.5;
const EXIT_USAGE = 64;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false }, runs: { type: 'string' } },
  });
  const [name = ''] = positionals;
  const chosen = name === 'all' ? Object.values(SUITE).flat() : SUITE[name];
  const runs = Number(values.runs ?? (values.short ? 1 : DEFAULT_RUNS));
  if (!chosen || !Number.isInteger(runs) || runs < 1) {
    console.error(
      `usage: npm run bench -- ${Object.keys(SUITE).join('|')}|all [--short] [--runs N]`,
    );
    return EXIT_USAGE;
  }
  const size: Size = {
    short: values.short,
    roundSeconds: values.short ? SHORT_ROUND_SECONDS : ROUND_SECONDS,
  };
  const results: { benchmark: Benchmark; result: Result }[] = [];
  for (const benchmark of chosen) {
    const { result, seen } = await measure(benchmark, size, runs);
    results.push({ benchmark, result });
    console.log(JSON.stringify(result));
    if (Object.keys(seen).length > 0) console.error(JSON.stringify({ name: result.name, ...seen }));
  }
  if (results.length > 1) console.log(`\n${tableOf(results)}`);
  return 0;
}

/** For README. */
function tableOf(results: readonly { benchmark: Benchmark; result: Result }[]): string {
  const rows = results.map(({ benchmark, result }) => {
    const { name, ours, limit, ratio, range, unit } = result;
    const verdict = reaches(benchmark, result, result.goal)
      ? 'goal'
      : reaches(benchmark, result, result.floor)
        ? 'floor'
        : '**below the floor**';
    return `| \`${name}\` | ${ours} | ${limit} ${unit} | ${ratio} (${range.join(' to ')}) | ${result.floor} / ${result.goal} | ${verdict} |`;
  });
  return [
    '| name | ours | limit | ratio (range) | floor / goal | reached |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isTold = error instanceof WrongAnswer || error instanceof MissingTool;
    console.error(isTold ? error.message : error);
    process.exit(1);
  },
);
