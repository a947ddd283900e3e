// The only file that reads a clock. Decisions take time as an argument, and that time is the
// database's: of several machines with several clocks, one must be right, and Postgres is the one
// that all of them write to.
import { performance } from 'node:perf_hooks';
import { setTimeout as timer } from 'node:timers/promises';
import { StoreUnavailable } from './errors.js';

/** Milliseconds since the process began; never jumps, never goes back. For durations. */
export function monotonicMs(): number {
  return performance.now();
}

/** This machine's wall clock in Unix milliseconds: for what others stamp by theirs (tokens). */
export function wallClockMs(): number {
  return Date.now();
}

/** Waits. Rejects with the signal's reason when that is aborted first. */
export async function sleepMs(ms: number, signal?: AbortSignal): Promise<void> {
  await timer(ms, undefined, signal ? { signal } : {});
}

/**
 * Rejects with `TimedOut` when the work takes longer; the work itself goes on, unheard. What has arrived while this
 * process was busy with something else is heard first: its own delay is nobody's outage.
 */
export async function withinMs<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => setImmediate(() => reject(new TimedOut(limitMs))), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timeout);
  }
}

/** Something did not answer within its limit. */
export class TimedOut extends Error {
  constructor(readonly limitMs: number) {
    super(`no answer within ${limitMs} ms`);
    this.name = 'TimedOut';
  }
}

/** How often the database is asked for its time. */
const SAMPLE_EVERY_MS = 3_000;
/** A boot takes some samples at once: the first statement of a connection is a slow one. */
const SAMPLES_AT_START = 4;
/** How many samples compete; the oldest is 30 s old, when drift is still below its own error. */
const RECENT_SAMPLES = 10;
/** An answer later than this says too little to be a sample, and is not waited for. */
const SAMPLE_TIMEOUT_MS = 2_000;
/** Two quartz clocks drift apart by less than this much (200 parts in a million). */
const DRIFT_PER_MS = 0.0002;

/** Where the clock takes its readings and its pauses from; a test passes its own. */
export type ClockSources = {
  /** The database's time (`clock_timestamp()`) in Unix milliseconds. */
  readDatabaseTimeMs: () => Promise<number>;
  monotonic?: () => number;
  pause?: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** A pause that does not keep a process alive which has nothing else to do. */
const pauseUnheld = (ms: number, signal?: AbortSignal): Promise<void> =>
  timer(ms, undefined, signal ? { signal, ref: false } : { ref: false });

type Sample = { offsetMs: number; roundTripMs: number; atMs: number };

/**
 * Follows the database's clock: the monotonic clock plus an offset, measured as in NTP (the
 * database read its clock somewhere within the round trip, so half of that is the error). Of the
 * recent samples the one with the smallest round trip counts.
 */
export class DatabaseClock {
  private readonly read: () => Promise<number>;
  private readonly monotonic: () => number;
  private readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  private samples: Sample[] = [];
  private best: Sample | undefined;
  private stopping: AbortController | undefined;

  constructor(sources: ClockSources | (() => Promise<number>)) {
    const all = typeof sources === 'function' ? { readDatabaseTimeMs: sources } : sources;
    this.read = all.readDatabaseTimeMs;
    this.monotonic = all.monotonic ?? monotonicMs;
    this.pause = all.pause ?? pauseUnheld;
  }

  /**
   * Takes the first samples and goes on in the background until `stop`. Resolves, known or not: a
   * process may boot while Postgres is away, and says so by `isKnown`.
   */
  async start(): Promise<void> {
    if (this.stopping) return;
    this.stopping = new AbortController();
    for (let taken = 0; taken < SAMPLES_AT_START; taken++) {
      if (!(await this.sample())) break;
    }
    void this.follow(this.stopping.signal);
  }

  stop(): void {
    this.stopping?.abort();
    this.stopping = undefined;
  }

  get isKnown(): boolean {
    return this.best !== undefined;
  }

  /** The database's time in Unix milliseconds; throws StoreUnavailable before the first sample. */
  nowMs(): number {
    if (!this.best) throw new StoreUnavailable('postgres');
    return this.monotonic() + this.best.offsetMs;
  }

  /** How far `nowMs` may be off, in milliseconds; it grows while no sample comes. */
  get errorBoundMs(): number {
    return this.best ? this.boundOf(this.best) : Number.POSITIVE_INFINITY;
  }

  /** One reading; false when the database did not give it in time. */
  async sample(): Promise<boolean> {
    const sentAtMs = this.monotonic();
    let databaseMs: number;
    try {
      databaseMs = await withinMs(SAMPLE_TIMEOUT_MS, this.read());
    } catch {
      return false; // Whoever reads for us logs its own outage; the last offset stays good.
    }
    const atMs = this.monotonic();
    const roundTripMs = atMs - sentAtMs;
    if (!Number.isFinite(databaseMs)) return false;
    this.take({ offsetMs: databaseMs - (sentAtMs + roundTripMs / 2), roundTripMs, atMs });
    return true;
  }

  private take(sample: Sample): void {
    // A sample that cannot be true of the same clock: the database's was set, or another server
    // took over. What was known before is about a clock that is gone.
    const agrees = (old: Sample): boolean =>
      Math.abs(old.offsetMs - sample.offsetMs) <= this.boundOf(old) + this.boundOf(sample);
    this.samples = [...this.samples.filter(agrees), sample].slice(-RECENT_SAMPLES);
    this.best = this.samples.reduce((best, each) =>
      this.boundOf(each) <= this.boundOf(best) ? each : best,
    );
  }

  private boundOf(sample: Sample): number {
    return sample.roundTripMs / 2 + (this.monotonic() - sample.atMs) * DRIFT_PER_MS;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.pause(SAMPLE_EVERY_MS, signal);
      } catch {
        return; // Stopped.
      }
      await this.sample();
    }
  }
}
