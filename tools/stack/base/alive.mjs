import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 50;

/**
 * When a process began, as its system counts it; undefined where it is gone (a zombie is gone).
 * A pid alone may belong to somebody else by now; pid and start together do not.
 */
export function startOf(pid) {
  if (process.platform !== 'linux') return startByPs(pid);
  try {
    // The name in parentheses may itself hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startByPs(pid) {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], options).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Whether this very process still runs. @param {{pid: number, start?: string}} entry */
export function isAlive({ pid, start }) {
  const now = startOf(pid);
  return now !== undefined && (start === undefined || now === start);
}

/** Waits until the process is gone. Returns whether it went in time. */
export async function waitUntilGone(entry, limitMs) {
  const untilMs = Date.now() + limitMs;
  while (isAlive(entry)) {
    if (Date.now() >= untilMs) return false;
    await delay(pollMs);
  }
  return true;
}

/** Sends a signal to this very process; nothing where it is gone. */
export function signalProcess(entry, signal) {
  if (!isAlive(entry)) return;
  try {
    process.kill(entry.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

const killLimitMs = 5_000;

/** Asks a process to end, then makes it. Returns whether it had to be killed. */
export async function endProcess(entry, { signal = 'SIGTERM', limitMs }) {
  signalProcess(entry, signal);
  if (await waitUntilGone(entry, limitMs)) return false;
  signalProcess(entry, 'SIGKILL');
  await waitUntilGone(entry, killLimitMs);
  return true;
}

/** Resident memory of a process in MB; undefined where the system does not say. */
export function residentMb(pid) {
  try {
    const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kb === undefined ? undefined : Math.round(Number(kb) / 1024);
  } catch {
    return undefined;
  }
}
