import type { ReconcilerStatus } from '@numbering/lifecycle';
import { counter, sleepMs, wallClockMs, withinMs, type Log } from '@numbering/platform';
import { backoffMs, OutageLog } from './outage-log';
import { DAY_MS, msUntil, type TimeOfDay } from './time-of-day';

/** Anything that changes what is due, is idempotent and takes no input. */
export interface Reconciler {
  run(signal?: AbortSignal): Promise<ReconcilerStatus>;
}

const RETRY_FIRST_MS = 50;
const RETRY_LONGEST_MS = 1_000;
/** What is due sooner than this is found together with what follows it. */
const SHORTEST_PAUSE_MS = 5;
const DRAIN_LIMIT_MS = 5_000;

/**
 * Runs one reconciler whenever somebody rings, never twice at once in this process. Who rings
 * while it runs gets the next run, and shares it with all who ring until that begins: a run sees
 * what was committed before it began, and nothing that came later.
 */
export class ReconcilerLoop {
  private readonly stopping = new AbortController();
  private readonly failures = counter('num_reconciler_failures_total');
  private readonly outage: OutageLog;
  private readonly periods: Promise<void>[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private isOwed = false;
  private next: Promise<ReconcilerStatus | undefined> | undefined;

  /** @param onDone told of each run that succeeded, and who rang for it first */
  constructor(
    readonly job: string,
    private readonly reconciler: Reconciler,
    log: Log,
    private readonly onDone: (status: ReconcilerStatus, rungBy: string) => void = () => undefined,
  ) {
    this.outage = new OutageLog(log, job);
  }

  /** Resolves after a run that began later than this call; undefined where it failed or we stop. */
  ring(by: string): Promise<ReconcilerStatus | undefined> {
    if (this.stopping.signal.aborted) return Promise.resolve(undefined);
    this.next ??= this.runAfter(this.running, by);
    return this.next;
  }

  /** Rings on a period, and sooner where the reconciler knows that something is due sooner. */
  every(periodMs: number, by: string): void {
    this.periods.push(this.keepRinging(periodMs, by));
  }

  /**
   * Rings once a day at this time of UTC, for the first time when it next comes, and sooner as above.
   * @param clock this machine's, Unix milliseconds
   */
  dailyAt(time: TimeOfDay, clock = wallClockMs): void {
    this.periods.push(this.keepRingingDaily(time, clock));
  }

  /** Takes no more rings and lets the batch under way end, in bounded time. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const ends = Promise.allSettled([this.running, this.next, ...this.periods]);
    await withinMs(DRAIN_LIMIT_MS, ends).catch(() => undefined);
  }

  private async runAfter(running: Promise<unknown>, by: string) {
    await running;
    const run = this.runOnce(by);
    this.running = run;
    this.next = undefined;
    return run;
  }

  private async runOnce(by: string): Promise<ReconcilerStatus | undefined> {
    const { signal } = this.stopping;
    if (signal.aborted) return undefined;
    try {
      const status = await this.reconciler.run(signal);
      if (status.failed > 0) this.failures.inc({ job: this.job });
      this.outage.worked();
      this.onDone(status, by);
      return status;
    } catch (error) {
      this.failures.inc({ job: this.job });
      this.outage.failed(error);
      void this.repay(by);
      return undefined;
    }
  }

  /** A ring is not lost by an outage: it rings again by itself until a run has succeeded. */
  private async repay(by: string): Promise<void> {
    if (this.isOwed) return;
    this.isOwed = true;
    const pauseMs = backoffMs(this.outage.failures, RETRY_FIRST_MS, RETRY_LONGEST_MS);
    await sleepMs(pauseMs, this.stopping.signal).catch(() => undefined);
    this.isOwed = false;
    await this.ring(by);
  }

  private async keepRinging(periodMs: number, by: string): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const status = await this.ring(by);
      await sleepMs(this.pauseMs(periodMs, status), signal).catch(() => undefined);
    }
  }

  private async keepRingingDaily(time: TimeOfDay, clock: () => number): Promise<void> {
    const { signal } = this.stopping;
    let pauseMs = msUntil(time, clock());
    for (;;) {
      await sleepMs(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const status = await this.ring('day');
      pauseMs = Math.min(msUntil(time, clock()), status?.nextDueInMs ?? DAY_MS);
    }
  }

  private pauseMs(periodMs: number, status: ReconcilerStatus | undefined): number {
    // A failed run rings again by itself: a short period would only add to the outage.
    if (!status) return Math.max(periodMs, RETRY_LONGEST_MS);
    return Math.max(Math.min(periodMs, status.nextDueInMs ?? periodMs), SHORTEST_PAUSE_MS);
  }
}
