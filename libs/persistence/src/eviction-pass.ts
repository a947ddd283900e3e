import { randomUUID } from 'node:crypto';
import { histogram, monotonicMs, withinMs, type RedisClient } from '@numbering/platform';
import type { EvictionStore, UnevictedChange } from './eviction.store';
import { evictionOf, evictUnder } from './fact-cache';
import { currentEpoch, publishHeartbeat } from './fact-cache-epoch';
import type { Heartbeat } from './fact-cache-messages';

/** Rows of one look at the outbox. */
const MAX_CHANGES_A_BATCH = 1_000;
/** A pass that has drained so much and is not done says no heartbeat: the next one goes on. */
const MAX_BATCHES_A_PASS = 100;
/** What Redis may take for one step: validators trust a heartbeat for 700 ms. */
const REDIS_LIMIT_MS = 250;

/**
 * One pass of an evictor: it tells of every change that was committed before it began, and then
 * says so by a heartbeat. It publishes before it marks, so two that do the same work do no harm,
 * and one that dies leaves its work to be done again.
 */
export class EvictionPass {
  private readonly name = randomUUID();
  private readonly lag = histogram('num_invalidation_lag_seconds');
  private messages = 0;

  /** @param redis a patient client: its commands have no limit of their own */
  constructor(
    private readonly store: EvictionStore,
    private readonly redis: RedisClient,
  ) {}

  /**
   * @returns how many changes it told of
   * @throws when Postgres or Redis failed or restarted, or more waited than one pass may take:
   * there was no heartbeat then
   */
  async run(): Promise<number> {
    // The client's offline queue would say it all again, hours late, when Redis is back.
    if (this.redis.status !== 'ready') throw new Error('Redis is not connected');
    const epoch = await this.ask(currentEpoch(this.redis));
    let told = 0;
    let heartbeat: Omit<Heartbeat, 'said'> | undefined;
    for (let batch = 0; batch < MAX_BATCHES_A_PASS; batch++) {
      const lookedAtMs = monotonicMs();
      const { beganAtMs, generation, changes } = await this.store.look(MAX_CHANGES_A_BATCH);
      heartbeat ??= { epoch, generation, passBeganAtMs: beganAtMs };
      if (changes.length > 0) {
        await this.tell(epoch, changes);
        this.observe(changes, beganAtMs + monotonicMs() - lookedAtMs);
        await this.store.mark(changes.map((change) => change.id));
      }
      told += changes.length;
      if (changes.length < MAX_CHANGES_A_BATCH) {
        await this.beat(heartbeat);
        return told;
      }
    }
    throw new Error(`more than ${MAX_BATCHES_A_PASS * MAX_CHANGES_A_BATCH} changes wait`);
  }

  private async tell(epoch: string, changes: readonly UnevictedChange[]): Promise<void> {
    const evictions = changes.flatMap(
      (change) => evictionOf(change.subject, change.key, change.version) ?? [],
    );
    if (evictions.length === 0) return;
    this.messages++;
    const said = { evictor: this.name, count: this.messages };
    await this.ask(evictUnder(this.redis, epoch, evictions, said));
    // Tombstones that a restarted Redis has lost are made again before their rows are marked.
    const now = await this.ask(currentEpoch(this.redis));
    if (now !== epoch) throw new Error('Redis has restarted');
  }

  private async beat(heartbeat: Omit<Heartbeat, 'said'>): Promise<void> {
    const said = { evictor: this.name, count: this.messages };
    const isOut = await this.ask(publishHeartbeat(this.redis, { ...heartbeat, said }));
    if (!isOut) throw new Error('Redis has restarted');
  }

  private observe(changes: readonly UnevictedChange[], nowMs: number): void {
    for (const change of changes) this.lag.observe(Math.max(0, nowMs - change.changedAtMs) / 1_000);
  }

  private ask<T>(work: Promise<T>): Promise<T> {
    return withinMs(REDIS_LIMIT_MS, work);
  }
}
