import { parseArgs } from 'node:util';
import { MissingTool, WrongAnswer, type Size } from './benchmark';
import { measure, reached } from './measure';
import { SUITE } from './suite';
import { tableOf, type Row } from './table';

const DEFAULT_RUNS = 5;
const ROUND_SECONDS = 3;
const SHORT_ROUND_SECONDS = 0.5;

const EXIT_WRONG_ANSWER = 1;
const EXIT_BELOW_FLOOR = 2;
const EXIT_USAGE = 64;

const USAGE = `usage: npm run bench -- ${Object.keys(SUITE).join('|')}|all [--short] [--runs N]

One JSON line each, ours and its limit by turns; several end with a table for README.
--short    checks every answer in seconds and judges no speed
--runs N   pairs of rounds after the warm-up (default ${DEFAULT_RUNS}; short: 1)

Exit codes: 0 all reach their floors, ${EXIT_WRONG_ANSWER} at once where an answer was wrong or a run failed,
${EXIT_BELOW_FLOOR} at the end where a figure is below its floor, ${EXIT_USAGE} usage.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false }, runs: { type: 'string' } },
  });
  const names = positionals[0] === 'all' ? Object.keys(SUITE) : positionals;
  const chosen = names.flatMap((name) => SUITE[name] ?? []);
  const runs = Number(values.runs ?? (values.short ? 1 : DEFAULT_RUNS));
  const isKnown = names.length > 0 && names.every((name) => name in SUITE);
  if (!isKnown || !Number.isInteger(runs) || runs < 1) {
    console.error(USAGE);
    return EXIT_USAGE;
  }
  const size: Size = {
    short: values.short,
    roundSeconds: values.short ? SHORT_ROUND_SECONDS : ROUND_SECONDS,
    rounds: values.short ? runs : runs + 1,
  };
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    const { result, seen } = await measure(benchmark, size, runs);
    rows.push({ benchmark, result });
    console.log(JSON.stringify(result));
    if (Object.keys(seen).length > 0) console.error(JSON.stringify({ name: result.name, ...seen }));
  }
  if (rows.length > 1 && !size.short) console.log(`\n${tableOf(rows)}`);
  return size.short ? 0 : judged(rows);
}

function judged(rows: readonly Row[]): number {
  const below = rows.filter(({ benchmark, result }) => reached(benchmark, result) === 'below');
  if (below.length === 0) return 0;
  console.error(`below the floor: ${below.map(({ result }) => result.name).join(', ')}`);
  return EXIT_BELOW_FLOOR;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isSaid = error instanceof WrongAnswer || error instanceof MissingTool;
    console.error(isSaid ? `${error.name}: ${error.message}` : error);
    process.exit(EXIT_WRONG_ANSWER);
  },
);
