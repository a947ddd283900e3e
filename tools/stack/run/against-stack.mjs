import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endGroup } from '../base/commands.mjs';
import { Interrupted, StackFailure } from '../base/failure.mjs';
import { root } from '../base/home.mjs';
import { projectNode } from '../setup/dependencies.mjs';

/**
 * Runs a program under the project's Node against a stack that runs, its output to the terminal.
 *
 * @param {{home: object, services: object, args: string[], what: string, limitMs: number,
 *   signal: AbortSignal}} options `what`: what is run, for the messages
 * @returns its exit code
 */
export async function runAgainstStack({ home, services, args, what, limitMs, signal }) {
  const { NODE_ENV: _mode, ...caller } = process.env;
  const child = spawn(projectNode, args, {
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
  });
  const ended = new Promise((resolve) => {
    child.once('error', (cause) => resolve({ cause }));
    child.once('exit', (code) => resolve({ code }));
  });
  const waiting = new AbortController();
  const either = AbortSignal.any([signal, waiting.signal]);
  const late = delay(limitMs, { isCut: true }, { signal: either }).catch(() => ({ isCut: true }));
  const { cause, code, isCut } = await Promise.race([ended, late]);
  waiting.abort();
  if (cause) throw new StackFailure(`${what} could not be started.`, { cause });
  if (!isCut) return code;
  // Its workers, and what it has started, belong to its group.
  await endGroup(child, ended);
  if (signal.aborted) throw new Interrupted();
  throw new StackFailure(`${what} took longer than ${limitMs / 60_000} minutes.`);
}
