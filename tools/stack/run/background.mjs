import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { lockHolder } from '../base/lock.mjs';
import { createHome } from '../base/home.mjs';
import { backgroundMark } from './background-child.mjs';
import { alreadyRuns } from './stack.mjs';

/** An install, a build and all downloads of a first start are within this. */
const startLimitMs = 1_800_000;

/**
 * Starts the stack in a process of its own and waits until it says that it is ready, or why it is
 * not. Resolves to the exit code.
 */
export async function startInBackground(home) {
  const holder = lockHolder(home.lockFile);
  if (holder) {
    console.error(alreadyRuns(home, holder));
    return 1;
  }
  createHome(home);
  const log = openSync(home.logFile('stack'), 'w');
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, ...backgroundMark },
  });
  closeSync(log);
  const stop = () => child.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  const limit = setTimeout(stop, startLimitMs);
  const code = await outcomeOf(child, home);
  clearTimeout(limit);
  return code;
}

function outcomeOf(child, home) {
  return new Promise((resolve) => {
    let failure;
    child.on('message', (message) => {
      if (message.line) console.log(message.line);
      if (message.failure) failure = message.failure;
      if (message.ready) {
        console.log(
          `${message.ready}\n\n\`npm stop\` stops all of it; log: ${home.logFile('stack')}`,
        );
        child.unref();
        child.disconnect();
        resolve(0);
      }
    });
    // By then it has ended all that it had started.
    child.on('exit', (code, signal) => {
      const why = failure ?? `ended with ${code ?? signal}; see ${home.logFile('stack')}`;
      console.error(`\nThe stack did not start: ${why}`);
      resolve(1);
    });
    child.on('error', (error) => {
      console.error(`The background process could not be started: ${error.message}`);
      resolve(1);
    });
  });
}
