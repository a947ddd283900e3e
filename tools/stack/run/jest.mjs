import path from 'node:path';
import { readJson } from '../base/files.mjs';
import { root } from '../base/home.mjs';
import { runAgainstStack } from './against-stack.mjs';

const testsLimitMs = 3_600_000;

/**
 * Runs jest once against the stack; its report goes to the terminal, its counts to `resultsFile`.
 */
export async function runJest(home, { services }, jestArguments, signal) {
  const resultsFile = home.at('jest-results.json');
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const args = [...flags, jest, ...jestArguments, '--json', `--outputFile=${resultsFile}`];
  const what = 'The run of the tests';
  await runAgainstStack({ home, services, args, what, limitMs: testsLimitMs, signal });
  return { resultsFile };
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
