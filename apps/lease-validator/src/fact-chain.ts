import {
  counter,
  monotonicMs,
  StoreUnavailable,
  type DatabaseClock,
  type Log,
} from '@numbering/platform';
import { FactMemory, type Known, type MemoryLimits, type Path } from './fact-memory';
import { Gather, type Ask, type Load } from './gather';
import type { PostgresLink } from './postgres-link';
import type { RedisLink } from './redis-link';
import type { Trust } from './trust';

/** Reads of Postgres for one batch: again where it had not seen a change that was heard of. */
const MAX_READS = 3;
/** A read that failed sooner met a broken connection, which the next read does without. */
const FAILED_SOON_MS = 100;

export interface Found<F> {
  known: Known<F>;
  path: Path;
}

export interface ChainParts<A extends Ask, F extends { version: number }> {
  memory: MemoryLimits;
  redis: RedisLink<F>;
  postgres: PostgresLink<A, F>;
  trust: Trust;
  clock: DatabaseClock;
  log: Log;
}

/** Memory → Redis → Postgres for one kind of subject: each link answers what it can. */
export class FactChain<A extends Ask, F extends { version: number }> {
  readonly memory: FactMemory<F>;
  private readonly gather: Gather<A, Found<F>>;
  private readonly fallbacks = counter('num_redis_fallback_total');

  constructor(private readonly parts: ChainParts<A, F>) {
    this.memory = new FactMemory(parts.memory, parts.trust);
    this.gather = new Gather((asks, settle) => this.load(asks, settle));
  }

  /** What the stores know; throws `StoreUnavailable` when none may answer. */
  ask(ask: A): Promise<Found<F>> {
    return this.gather.ask(ask);
  }

  private async load(asks: readonly A[], settle: Parameters<Load<A, Found<F>>>[1]): Promise<void> {
    const { clock, redis } = this.parts;
    if (!clock.isKnown) await clock.sample();
    let left = await this.loadFromRedis(asks, settle);
    if (left.length === 0) return;
    const path = redis.isUp ? 'postgres' : 'redis_down';
    if (!redis.isUp) this.fallbacks.inc();
    const beganAtMs = monotonicMs();
    let why: unknown = new Error('only an older version than was heard of could be read');
    for (let reads = 0; reads < MAX_READS && left.length > 0; reads++) {
      try {
        left = await this.loadFromPostgres(left, path, settle);
      } catch (error) {
        const isSoon = monotonicMs() - beganAtMs < FAILED_SOON_MS;
        if (!(error instanceof StoreUnavailable) || !isSoon) throw error;
        why = error.cause;
      }
    }
    if (left.length > 0) throw new StoreUnavailable('postgres', why);
  }

  private async loadFromRedis(
    asks: readonly A[],
    settle: Parameters<Load<A, Found<F>>>[1],
  ): Promise<readonly A[]> {
    const { clock, redis, trust } = this.parts;
    const nowMs = clock.nowMs();
    if (!redis.isUp || !trust.isRedisBelieved(nowMs)) return asks;
    const under = trust.moment();
    const found = await redis.find(asks, under, this.memory, nowMs);
    if (trust.moment().epoch !== under.epoch) return asks;
    return asks.filter(({ matchKey }) => {
      const known = found.get(matchKey);
      if (!known || !this.memory.keep(matchKey, known, under)) return true;
      settle(matchKey, { known, path: 'redis' });
      return false;
    });
  }

  private async loadFromPostgres(
    asks: readonly A[],
    path: Path,
    settle: Parameters<Load<A, Found<F>>>[1],
  ): Promise<readonly A[]> {
    const { clock, postgres, redis, trust } = this.parts;
    const under = trust.moment();
    const readBeganAtMs = monotonicMs();
    const found = await postgres.find(asks, clock.nowMs());
    const older: A[] = [];
    for (const ask of asks) {
      const known = found.get(ask.matchKey);
      if (known && this.memory.keep(ask.matchKey, known, under)) {
        settle(ask.matchKey, { known, path });
      } else {
        found.delete(ask.matchKey);
        older.push(ask);
      }
    }
    redis.keep(found, readBeganAtMs, under, clock.nowMs());
    return older;
  }
}
