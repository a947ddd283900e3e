import { monotonicMs, sleepMs, type Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Opens the connection, trying until it succeeds or `signal` says to stop: an app that starts before Postgres serves
 * `StoreUnavailable` meanwhile, and is not ready. Told once when it waits, once when it is there.
 */
export async function connectWhenThere(
  source: DataSource,
  log: Log,
  signal?: AbortSignal,
): Promise<void> {
  const beganMs = monotonicMs();
  for (let pauseMs = FIRST_PAUSE_MS; !signal?.aborted;) {
    try {
      await source.initialize();
      if (pauseMs > FIRST_PAUSE_MS) {
        log.info({ waitedMs: Math.round(monotonicMs() - beganMs) }, 'Postgres is there');
      }
      return;
    } catch (error) {
      if (pauseMs === FIRST_PAUSE_MS) log.warn({ err: error }, 'Postgres is away: trying again');
      await sleepMs(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}
