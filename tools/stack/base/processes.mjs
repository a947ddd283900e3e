import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { endProcess, isAlive, startOf } from './alive.mjs';
import { StackFailure } from './failure.mjs';
import { readJson, writeJson } from './files.mjs';

/** In the order of their end: nothing may outlive what it needs. */
const stages = ['app', 'tool', 'store'];

/** A process that writes to its own log; the log before is kept as `.1`. */
function spawnLogged({ command, args, env, cwd, uid, gid }, logFile) {
  mkdirSync(path.dirname(logFile), { recursive: true });
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  // A group of its own: Ctrl-C in the terminal must reach us alone, since the order of the end is
  // ours.
  const child = spawn(command, args, {
    ...{ env, cwd, uid, gid, detached: true },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

const handleOf = ({ pid }, named) => ({
  ...named,
  pid,
  isStopping: false,
  start: pid === undefined ? undefined : startOf(pid),
});

function writeProcesses(home, handles) {
  if (handles.length === 0) return rmSync(home.processesFile, { force: true });
  writeJson(
    home.processesFile,
    handles.map(({ name, pid, start, stopSignal, stopTimeoutMs }) => ({
      ...{ name, pid, start, stopSignal, stopTimeoutMs },
    })),
  );
}

/**
 * The long-running processes of one stack. Each is written down the moment it exists, so that even
 * after a crash of ours the next start, or a stop, can end them by pid.
 */
export function createProcesses(home) {
  /** @type {Map<string, object>} */
  const running = new Map();
  let onDeath = () => undefined;

  const writeDown = () => writeProcesses(home, [...running.values()]);

  /**
   * Starts one process with a log of its own (the log before is kept as `.1`). Stages end one after
   * the other: `app`, then `tool`, then `store`. `exited` resolves when it ends, by whatever cause.
   */
  function launch(options) {
    const { name, stage, stopSignal = 'SIGTERM', stopTimeoutMs } = options;
    const logFile = home.logFile(name);
    const child = spawnLogged(options, logFile);
    const handle = handleOf(child, { name, stage, logFile, stopSignal, stopTimeoutMs });
    handle.exited = new Promise((resolve) => {
      const end = (outcome) => {
        running.delete(name);
        writeDown();
        resolve(outcome);
        if (!handle.isStopping) onDeath(handle, outcome);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    if (child.pid !== undefined) {
      running.set(name, handle);
      writeDown();
    }
    return handle;
  }

  /**
   * Ends one process: its own signal first, SIGKILL after its limit. Returns whether it was killed.
   */
  async function stop(handle) {
    handle.isStopping = true;
    if (!running.has(handle.name)) return false;
    const isKilled = await endProcess(handle, {
      signal: handle.stopSignal,
      limitMs: handle.stopTimeoutMs,
    });
    await handle.exited;
    return isKilled;
  }

  /** Ends all, stage by stage. Returns the names of those that had to be killed. */
  async function stopAll() {
    const killed = [];
    for (const stage of stages) {
      const handles = [...running.values()].filter((handle) => handle.stage === stage);
      const ends = handles.map(async (handle) => {
        if (await stop(handle)) killed.push(handle.name);
      });
      await Promise.all(ends);
    }
    return killed;
  }

  return {
    launch,
    stopAll,
    running: () => [...running.values()],
    /** Called with (handle, outcome) when a process ends that nobody stopped. */
    whenOneDies: (listener) => {
      onDeath = listener;
    },
  };
}

/**
 * Waits for a process to be ready, but gives up at once when it ends or a stop is asked for.
 *
 * @param {(signal: AbortSignal) => Promise<T>} ready
 * @returns {Promise<T>}
 * @template T
 */
export async function readyOrDead(handle, signal, ready) {
  const waiting = new AbortController();
  const dead = handle.exited.then((outcome) => {
    throw new StackFailure(`${handle.name} ended before it was ready (${outcome}).`, {
      logFile: handle.logFile,
    });
  });
  try {
    return await Promise.race([dead, ready(AbortSignal.any([signal, waiting.signal]))]);
  } finally {
    waiting.abort();
  }
}

const leftoverStopLimitMs = 15_000;

/** Ends what a stack that is gone left running. Returns the names. */
export async function endLeftovers(home) {
  const entries = (readJson(home.processesFile) ?? []).filter(isAlive);
  // Apps before stores: they were started last.
  for (const entry of [...entries].reverse()) {
    const limitMs = Math.min(entry.stopTimeoutMs ?? leftoverStopLimitMs, leftoverStopLimitMs);
    await endProcess(entry, { signal: entry.stopSignal, limitMs });
  }
  rmSync(home.processesFile, { force: true });
  return entries.map(({ name }) => name);
}
