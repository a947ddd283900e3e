import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, startOf } from './alive.mjs';
import { StackFailure } from './failure.mjs';
import { readJson } from './files.mjs';

const takeAttempts = 5;
const waitPollMs = 250;

/** Who holds a lock; undefined where nobody does or the holder is gone. */
export function lockHolder(file) {
  const holder = readJson(file);
  return holder && isAlive(holder) ? holder : undefined;
}

/**
 * Takes a lock for this process. Returns the living holder where there is one, else undefined.
 * A lock of a process that is gone is put aside.
 */
export function takeLock(file, details = {}) {
  const mine = { pid: process.pid, start: startOf(process.pid), ...details };
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine));
  try {
    for (let attempt = 0; attempt < takeAttempts; attempt += 1) {
      try {
        // A link fails where the file exists: whoever links first has it, with its content whole.
        linkSync(draft, file);
        return undefined;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const holder = lockHolder(file);
      if (holder) return holder;
      putAside(file);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new StackFailure(`${file} cannot be taken: remove it if nothing runs.`);
}

function putAside(file) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    // Somebody may have replaced the stale lock by a live one in between: give it back.
    const moved = readJson(aside);
    if (moved && isAlive(moved)) linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Gives a lock back, if this process has it. */
export function releaseLock(file) {
  if (readJson(file)?.pid === process.pid) rmSync(file, { force: true });
}

/** Runs `work` while no other process runs under the same lock; waits its turn, with a limit. */
export async function withLock(file, { limitMs, what, signal }, work) {
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const holder = takeLock(file);
    if (!holder) break;
    if (Date.now() >= untilMs) {
      throw new StackFailure(`Process ${holder.pid} has been ${what} for too long: end it first.`);
    }
    await delay(waitPollMs, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    releaseLock(file);
  }
}
