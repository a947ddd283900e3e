import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endGroup } from '../base/commands.mjs';
import { Interrupted, StackFailure } from '../base/failure.mjs';
import { readJson } from '../base/files.mjs';
import { root } from '../base/home.mjs';
import { projectNode } from '../setup/dependencies.mjs';

const testsLimitMs = 3_600_000;

/**
 * Runs jest once against the stack; its report goes to the terminal, its counts to `resultsFile`.
 */
export async function runJest(home, { services }, jestArguments, signal) {
  const resultsFile = home.at('jest-results.json');
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const { NODE_ENV: _mode, ...caller } = process.env;
  const child = spawn(
    projectNode,
    [...flags, jest, ...jestArguments, '--json', `--outputFile=${resultsFile}`],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      env: {
        ...caller,
        PATH: `${path.dirname(projectNode)}${path.delimiter}${caller.PATH}`,
        NUMBERING_HOME: home.folder,
        STACK_JSON: home.stackFile,
        TEST_DATABASE_URL: services.postgres.url,
        TEST_KAFKA_BROKERS: services.kafka.brokers,
        KAFKAJS_NO_PARTITIONER_WARNING: '1',
      },
    },
  );
  await untilEnded(child, signal);
  return { resultsFile };
}

async function untilEnded(child, signal) {
  const ended = new Promise((resolve) => {
    child.once('error', (cause) => resolve({ cause }));
    child.once('exit', () => resolve({}));
  });
  const waiting = new AbortController();
  const either = AbortSignal.any([signal, waiting.signal]);
  const late = delay(testsLimitMs, { isCut: true }, { signal: either }).catch(() => ({
    isCut: true,
  }));
  const { cause, isCut } = await Promise.race([ended, late]);
  waiting.abort();
  if (cause) throw new StackFailure('Jest could not be started.', { cause });
  if (!isCut) return;
  // Its workers, and what tests have started, belong to its group.
  await endGroup(child, ended);
  if (signal.aborted) throw new Interrupted();
  throw new StackFailure(`The tests took longer than ${testsLimitMs / 60_000} minutes.`);
}

/**
 * Passed and failed tests of a results file. A suite that could not run counts as one that failed,
 * and so does a run that left no results or ran nothing.
 */
export function countTests(resultsFile) {
  const results = readJson(resultsFile);
  if (!results) return { passed: 0, failed: 1, note: 'Jest left no results.' };
  const {
    numPassedTests: passed,
    numFailedTests,
    numRuntimeErrorTestSuites,
    numPendingTests,
  } = results;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  if (passed + failed === 0) return { passed, failed: 1, note: 'No test ran: that is a failure.' };
  if (failed === 0 && !results.success) {
    return { passed, failed: 1, note: 'Jest says that the run failed, though no test did.' };
  }
  const note = numPendingTests > 0 ? `${numPendingTests} tests were skipped.` : undefined;
  return { passed, failed, note };
}
