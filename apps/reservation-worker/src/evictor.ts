// The loop behind "every change is seen by every validator within a second": it tells them of
// each committed change, also of one whose writer died right after its commit, and then says by a
// heartbeat up to when all is told. Validators trust what they remember only while that is young.
// It needs neither Kafka nor the relay. There is no leader: two evictors that do the same work do
// no harm, since each publishes before it marks.
import { randomUUID } from 'node:crypto';
import {
  currentEpoch,
  evictionOf,
  EvictionStore,
  evictUnder,
  publishHeartbeat,
  type UnevictedChange,
} from '@numbering/persistence';
import {
  histogram,
  monotonicMs,
  sleepMs,
  TimedOut,
  withinMs,
  type Log,
  type RedisClient,
} from '@numbering/platform';

/** From the end of one pass to the start of the next. */
const PASS_EVERY_MS = 20;
/** After a failed pass: a store that is away is not asked fifty times a second. */
const PASS_AFTER_FAILURE_MS = 100;
/** Rows of one look at the outbox. */
const MAX_CHANGES_A_BATCH = 1_000;
/** A pass that has drained so much and is not done says no heartbeat and goes on in the next. */
const MAX_BATCHES_A_PASS = 100;
/** What Redis may take for one step of a pass: validators trust a heartbeat for 700 ms. */
const REDIS_LIMIT_MS = 250;
/** How long `stop` waits for the pass under way. */
const STOP_LIMIT_MS = 2_000;

/**
 * One evictor of a process. Of Redis it takes a patient client of its own, which `stop` leaves
 * open: whoever made it closes it.
 */
export class Evictor {
  private readonly name = randomUUID();
  private readonly lag = histogram('num_invalidation_lag_seconds');
  private messages = 0;
  private running: Promise<void> | undefined;
  private stopping = new AbortController();
  private isFailing = false;

  constructor(
    private readonly store: EvictionStore,
    private readonly redis: RedisClient,
    private readonly log: Log,
  ) {}

  start(): void {
    if (this.running) return;
    this.stopping = new AbortController();
    this.running = this.loop(this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await withinMs(STOP_LIMIT_MS, this.running ?? Promise.resolve()).catch(() => undefined);
    this.running = undefined;
  }

  /**
   * Tells of all that was committed before it began, then says so.
   * @returns how many changes it told of
   * @throws when Postgres or Redis failed, or there was more than one pass may take: no heartbeat
   */
  async pass(): Promise<number> {
    // An offline queue would say it all again, hours late, when Redis is back.
    if (this.redis.status !== 'ready') throw new Error('Redis is not connected');
    const epoch = await this.ask(currentEpoch(this.redis));
    let told = 0;
    let began: { passBeganAtMs: number; generation: number } | undefined;
    for (let batch = 0; batch < MAX_BATCHES_A_PASS; batch++) {
      const lookedAtMs = monotonicMs();
      const look = await this.store.look(MAX_CHANGES_A_BATCH);
      began ??= { passBeganAtMs: look.beganAtMs, generation: look.generation };
      if (look.changes.length > 0) {
        await this.tell(epoch, look.changes);
        this.observe(look.changes, look.beganAtMs + monotonicMs() - lookedAtMs);
      }
      told += look.changes.length;
      if (look.changes.length < MAX_CHANGES_A_BATCH) {
        await this.beat(epoch, began);
        return told;
      }
    }
    throw new Error(`more than ${MAX_BATCHES_A_PASS * MAX_CHANGES_A_BATCH} changes wait`);
  }

  private async tell(epoch: string, changes: readonly UnevictedChange[]): Promise<void> {
    const evictions = changes.flatMap(
      (change) => evictionOf(change.subject, change.key, change.version) ?? [],
    );
    if (evictions.length > 0) {
      this.messages++;
      const said = { evictor: this.name, count: this.messages };
      await this.ask(evictUnder(this.redis, epoch, evictions, said));
      // Tombstones that a restarted Redis has lost are to be made again before a row is marked.
      if ((await this.ask(currentEpoch(this.redis))) !== epoch) throw new Error('Redis restarted');
    }
    await this.store.mark(changes.map((change) => change.id));
  }

  private async beat(
    epoch: string,
    began: { passBeganAtMs: number; generation: number },
  ): Promise<void> {
    const said = { evictor: this.name, count: this.messages };
    if (!(await this.ask(publishHeartbeat(this.redis, { epoch, ...began, said })))) {
      throw new Error('Redis restarted');
    }
  }

  private observe(changes: readonly UnevictedChange[], nowMs: number): void {
    for (const change of changes) this.lag.observe(Math.max(0, nowMs - change.changedAtMs) / 1_000);
  }

  private ask<T>(work: Promise<T>): Promise<T> {
    return withinMs(REDIS_LIMIT_MS, work);
  }

  private async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isDone = await this.pass().then(
        () => this.succeeded(),
        (error: unknown) => this.failed(error),
      );
      const pauseMs = isDone ? PASS_EVERY_MS : PASS_AFTER_FAILURE_MS;
      await sleepMs(pauseMs, signal).catch(() => undefined);
    }
  }

  private succeeded(): true {
    if (this.isFailing) this.log.info('evictions go out again');
    this.isFailing = false;
    return true;
  }

  /** One line an outage. */
  private failed(error: unknown): false {
    const err = error instanceof TimedOut ? new Error('Redis does not answer') : error;
    if (!this.isFailing) {
      this.log.error({ err }, 'no heartbeat: validators answer from Postgres meanwhile');
    }
    this.isFailing = true;
    return false;
  }
}
