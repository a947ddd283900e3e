// `npm test`: every test there is, once, on real servers of its own, beside whatever runs.
import { describeFailure, Interrupted } from './base/failure.mjs';
import { openHome, testHome } from './base/home.mjs';
import { appNames } from './run/app-names.mjs';
import { createStack } from './run/stack.mjs';
import { countTests, runJest } from './run/jest.mjs';
import { ensurePromtool } from './setup/promtool.mjs';

for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const say = (line) => console.log(line);

/**
 * Runs everything. Resolves to the counts; what went wrong beside tests is printed and counts as
 * failed.
 */
async function testAll(home, jestArguments) {
  const stack = createStack({
    ...{
      home,
      say,
      hasDemo: false,
      useDefaultPorts: false,
      isKafkaRequired: true,
      isFresh: true,
      mode: 'test',
    },
    scale: Object.fromEntries(appNames.map((name) => [name, 1])),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stack.interrupt);
  try {
    const { written } = await stack.start();
    await ensurePromtool({ home, say, signal: stack.interrupted });
    const { resultsFile } = await runJest(home, written, jestArguments, stack.interrupted);
    const counts = countTests(resultsFile);
    if (counts.note) console.error(counts.note);
    return counts;
  } catch (error) {
    const why = error instanceof Interrupted ? 'they were interrupted' : describeFailure(error);
    console.error(`\nThe tests did not run to their end: ${why}`);
    return { passed: 0, failed: 1 };
  } finally {
    await stack.stop();
  }
}

const { passed, failed } = await testAll(testHome(openHome()), process.argv.slice(2));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
