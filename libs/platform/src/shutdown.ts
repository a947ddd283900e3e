// The end of a process: on SIGTERM it finishes what it began, within a limit; on an error that
// nobody caught it says so and ends, because its state is no longer known.
import type { Log } from './log.js';

/** How long the work under way may take; less than the 30 s that Kubernetes gives. */
const DRAIN_LIMIT_MS = 10_000;
const EXIT_FAILED = 1;
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
const SIGNAL_EXIT_BASE = 128;

export type Closable = { close(): Promise<void> };
/** The process, or what a test puts in its place. */
export type EndingProcess = NodeJS.EventEmitter & { exit(code: number): void };

/**
 * Closes the app on SIGTERM or SIGINT: its shutdown hooks run and no new work is taken. Exit code
 * 0 when all was finished, 1 when the limit was up first; a second signal exits at once.
 */
export function drainOnSignal(
  app: Closable,
  log: Log,
  limitMs = DRAIN_LIMIT_MS,
  own: EndingProcess = process,
): void {
  let draining = false;
  const onSignal = (signal: keyof typeof SIGNAL_NUMBERS): void => {
    if (draining) return own.exit(SIGNAL_EXIT_BASE + SIGNAL_NUMBERS[signal]);
    draining = true;
    log.info({ signal, limitMs }, 'finishing the work under way');
    const limit = setTimeout(() => {
      log.error({ limitMs }, 'work is left unfinished: the limit is up');
      own.exit(EXIT_FAILED);
    }, limitMs);
    limit.unref();
    app.close().then(
      () => {
        log.info('all work is finished');
        own.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'the end failed');
        own.exit(EXIT_FAILED);
      },
    );
  };
  own.on('SIGTERM', onSignal);
  own.on('SIGINT', onSignal);
}

/** An error that nobody caught is logged as fatal, and the process ends with exit code 1. */
export function dieOnUncaught(log: Log, own: EndingProcess = process): void {
  const die = (what: string) => (error: unknown) => {
    log.fatal({ err: error }, what);
    own.exit(EXIT_FAILED);
  };
  own.on('uncaughtException', die('an exception that nobody caught'));
  own.on('unhandledRejection', die('a rejection that nobody handled'));
}
