import { setTimeout as delay } from 'node:timers/promises';
import { Interrupted, StackFailure } from './failure.mjs';

/**
 * Asks again and again until `probe` no longer throws, or the limit is over.
 *
 * @param {() => Promise<T>} probe
 * @param {{what: string, limitMs: number, everyMs?: number, signal?: AbortSignal, logFile?:
 * string}} options
 * @returns {Promise<T>}
 * @template T
 */
export async function waitFor(probe, { what, limitMs, everyMs = 100, signal, logFile }) {
  const untilMs = Date.now() + limitMs;
  for (;;) {
    if (signal?.aborted) throw new Interrupted();
    try {
      return await probe();
    } catch (cause) {
      if (Date.now() >= untilMs) {
        throw new StackFailure(`${what} within ${limitMs / 1000} s.`, { cause, logFile });
      }
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
