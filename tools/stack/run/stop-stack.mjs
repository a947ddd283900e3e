import { existsSync, rmSync } from 'node:fs';
import { signalProcess, endProcess, waitUntilGone } from '../base/alive.mjs';
import { readJson } from '../base/files.mjs';
import { testHome } from '../base/home.mjs';
import { lockHolder } from '../base/lock.mjs';
import { endLeftovers } from '../base/processes.mjs';

/** More than all stages take to end together. */
const stopLimitMs = 60_000;
const killLimitMs = 5_000;

/**
 * Ends the stack of a home and waits until all of it is gone. Returns a sentence about what was
 * there.
 */
export async function stopStack(home) {
  const holder = lockHolder(home.lockFile);
  if (holder) {
    signalProcess(holder, 'SIGTERM');
    if (!(await waitUntilGone(holder, stopLimitMs))) {
      await endProcess(holder, { signal: 'SIGKILL', limitMs: killLimitMs });
    }
  }
  const left = await endLeftovers(home);
  for (const file of [home.stackFile, home.environmentFile, home.lockFile])
    rmSync(file, { force: true });
  if (!holder && left.length === 0) return `Nothing runs from ${home.folder}.`;
  return left.length > 0 ? `Stopped; ended what was left: ${left.join(', ')}.` : 'Stopped.';
}

/**
 * Removes the data of a stopped stack, and of its tests' stack: home and what lies outside of it.
 */
export function wipe(home) {
  const tests = testHome(home);
  const holder = lockHolder(tests.lockFile);
  if (holder) {
    const message = `Not wiped: \`npm test\` runs there (pid ${holder.pid}). Wait for it.`;
    return { isDone: false, message };
  }
  const folders = [tests, home].map(({ outsideFile }) => readJson(outsideFile)?.folder);
  folders.push(home.folder);
  const removed = folders.filter((folder) => folder && existsSync(folder));
  for (const folder of removed) rmSync(folder, { recursive: true, force: true });
  return {
    isDone: true,
    message: `Removed ${removed.join(', ') || 'nothing: there was no data'}.`,
  };
}
