import { execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Interrupted, StackFailure } from './failure.mjs';

const terminateLimitMs = 5_000;

/**
 * Runs a command to its end, its output into a log. Throws a StackFailure that names the log where
 * it fails or takes too long, Interrupted where `signal` fires. A group of its own: Ctrl-C reaches
 * us alone, and an end reaches all that the command started.
 *
 * @param {{what: string, command: string, args: string[], logFile: string, timeoutMs: number,
 *   env?: NodeJS.ProcessEnv, cwd?: string, uid?: number, gid?: number, signal?: AbortSignal,
 *   remedy?: string}} options
 */
export async function runCommand(options) {
  const { what, command, args, logFile, timeoutMs, env, cwd, uid, gid, signal, remedy } = options;
  if (signal?.aborted) throw new Interrupted();
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const child = spawn(command, args, {
    ...{ env, cwd, uid, gid, detached: true },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, endSignal) => resolve({ code, endSignal }));
  });
  const waiting = new AbortController();
  const limit = delay(timeoutMs, { isLate: true }, { signal: waiting.signal }).catch(
    () => undefined,
  );
  const stop = new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve({ isStopped: true }), { once: true });
  });
  const outcome = await Promise.race([ended, limit, stop]);
  waiting.abort();
  if (outcome.isLate || outcome.isStopped) await endGroup(child, ended);
  if (outcome.isStopped) throw new Interrupted();
  if (outcome.code === 0) return;
  const why = outcome.isLate
    ? `took longer than ${timeoutMs / 1000} s`
    : (outcome.error?.message ?? `ended with ${outcome.code ?? outcome.endSignal}`);
  throw new StackFailure(
    `${what}: \`${command} ${args[0] ?? ''}\` ${why}.${remedy ? ` ${remedy}` : ''}`,
    {
      logFile,
    },
  );
}

/** Ends a child that leads a group, and all that it started: SIGTERM, then SIGKILL. */
export async function endGroup(child, ended) {
  const send = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  if (child.pid === undefined) return;
  send('SIGTERM');
  await Promise.race([ended, delay(terminateLimitMs, undefined, { ref: false })]);
  send('SIGKILL');
}

const probeTimeoutMs = 20_000;

/** What a short command says (both streams); undefined where it is not there or fails. */
export function askCommand(command, args) {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: probeTimeoutMs }, (error, stdout, stderr) => {
      resolve(error ? undefined : `${stdout}${stderr}`);
    });
  });
}
