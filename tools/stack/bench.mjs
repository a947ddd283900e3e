// `npm run bench -- NAME|all [--short] [--runs N]`: benchmarks on a stack of their own, beside
// whatever runs.
import { describeFailure, Interrupted } from './base/failure.mjs';
import { benchHome, openHome } from './base/home.mjs';
import { runAgainstStack } from './run/against-stack.mjs';
import { appNames } from './run/app-names.mjs';
import { createStack } from './run/stack.mjs';
import { toolFile } from './run/tools.mjs';

const benchLimitMs = 4 * 3_600_000;
/** Every change has two validators to reach. */
const replicas = { 'lease-validator': 2 };

async function benchAll(home, args) {
  const stack = createStack({
    home,
    // A benchmark's results stand alone on stdout.
    say: (line) => console.error(line),
    hasDemo: false,
    useDefaultPorts: false,
    isKafkaRequired: true,
    isFresh: true,
    mode: 'bench',
    scale: Object.fromEntries(appNames.map((name) => [name, replicas[name] ?? 1])),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stack.interrupt);
  try {
    const { written } = await stack.start();
    return await runAgainstStack({
      ...{ home, services: written.services, signal: stack.interrupted },
      ...{ what: 'The benchmarks', limitMs: benchLimitMs },
      args: ['--enable-source-maps', toolFile('bench'), ...args],
    });
  } catch (error) {
    const why = error instanceof Interrupted ? 'they were interrupted' : describeFailure(error);
    console.error(`\nThe benchmarks did not run to their end: ${why}`);
    return 1;
  } finally {
    await stack.stop();
  }
}

process.exit(await benchAll(benchHome(openHome()), process.argv.slice(2)));
