// `npm start`: everything this project needs to run, from a fresh clone. Needs Node 20 and npm,
// nothing else.
import { describeFailure, Interrupted } from './base/failure.mjs';
import { openHome } from './base/home.mjs';
import { parseStartArguments, startUsage, UsageError } from './run/arguments.mjs';
import { startInBackground } from './run/background.mjs';
import { isBackgroundChild, tellParent } from './run/background-child.mjs';
import { describeStack } from './run/report.mjs';
import { createStack } from './run/stack.mjs';

const exitCodes = { failed: 1, usage: 64, interrupted: 130 };

// A terminal that is gone must not end us before what we started.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Runs the stack until it is told to stop. Resolves to the exit code. */
async function runStack({ hasDemo, scale }) {
  const beganMs = Date.now();
  const say = (line) => {
    console.log(line);
    if (isBackgroundChild) tellParent({ line });
  };
  const stack = createStack({
    ...{ home: openHome(), say, scale, hasDemo },
    ...{ useDefaultPorts: true, mode: isBackgroundChild ? 'detached' : 'foreground' },
  });
  // Ctrl-C reaches us twice under npm; a stop is asked for once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stack.interrupt);
  // A parent that is gone before we were ready wanted the start ended.
  if (isBackgroundChild) process.once('disconnect', () => !isReported && stack.interrupt());
  let isReported = false;
  try {
    const started = await stack.start();
    const text = await describeStack(openHome(), started, { startMs: Date.now() - beganMs });
    console.log(text);
    isReported = true;
    if (isBackgroundChild) tellParent({ ready: text });
    else console.log('\nCtrl-C stops all of it.');
  } catch (error) {
    const failure = describeFailure(error);
    console.error(`\nThe stack did not start: ${failure}`);
    if (isBackgroundChild) tellParent({ failure });
    return error instanceof Interrupted ? exitCodes.interrupted : exitCodes.failed;
  }
  await untilAborted(stack.interrupted);
  console.log('stopping');
  await stack.stop();
  console.log('stopped');
  return 0;
}

const untilAborted = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    // A timer keeps the process alive while every child's log goes to files and nothing else is
    // awaited.
    const keepAlive = setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(keepAlive);
      resolve();
    });
  });

async function main() {
  try {
    const options = parseStartArguments(process.argv.slice(2));
    if (options.isDetached && !isBackgroundChild) return await startInBackground(openHome());
    return await runStack(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n${startUsage}`);
    return exitCodes.usage;
  }
}

process.exit(await main());
