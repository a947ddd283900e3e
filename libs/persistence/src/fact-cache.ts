import { Injectable } from '@nestjs/common';
import { alphaMatchKey } from '@numbering/domain';
import {
  monotonicMs,
  REDIS_COMMAND_BUDGET_MS,
  type RedisClient,
  type RedisGate,
} from '@numbering/platform';
import { Cluster } from 'ioredis';
import { EPOCH_KEY, EVICT_CHANNEL } from './fact-cache-messages';
import type { Eviction, FactKind, Said } from './fact-cache-messages';
import { BURY, PUBLISH, PUT_IF_NEWER } from './fact-cache-scripts';

/** Far longer than a read takes that may still be put: "only if newer" needs what is newer. */
const TOMBSTONE_TTL_MS = 60_000;
/** Keys that one script takes: it holds up everybody else for well below a millisecond. */
const KEYS_A_SCRIPT = 100;
/** A writer's epoch may be this old; the evictor asks each time and repeats what went astray. */
const EPOCH_COUNTS_FOR_MS = 1_000;

/** What is kept of one subject: its facts, or that older ones count no more. */
export type CachedFact<F> =
  { v: number; facts: F; endsAtMs: number; gone?: false } | { v: number; gone: true };

/** Facts on their way into the cache. */
export interface FactToKeep<F> {
  key: string;
  version: number;
  facts: F;
  /** When they end, in the database's clock (Unix milliseconds). */
  endsAtMs: number;
}

/** The epoch where it is not known, the tombstones, the message: one after the other. */
const EVICT_BUDGET_MS = 3 * REDIS_COMMAND_BUDGET_MS;

/**
 * Redis as the validators' shared cache: `num:fact:{epoch}:i:{matchKey}` and `…:t:{tenantId}`.
 * Facts, never verdicts. An entry carries the absolute moment at which it ends, and a change
 * leaves a tombstone with its version, so that no slow reader puts older facts back.
 * Every call rejects as the gate does when Redis is away.
 */
@Injectable()
export class FactCache {
  private epoch = '';
  private epochReadAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly redis: Pick<RedisGate, 'run'>) {}

  /** In the order of `keys`; undefined where nothing readable is kept. */
  async read<F>(
    epoch: string,
    kind: FactKind,
    keys: readonly string[],
  ): Promise<(CachedFact<F> | undefined)[]> {
    const names = keys.map((key) => nameOf(epoch, kind, key));
    const texts = await this.redis.run((redis) =>
      redis instanceof Cluster
        ? Promise.all(names.map((name) => redis.get(name)))
        : redis.mget(...names),
    );
    return texts.map((text) => (text === null ? undefined : readFact<F>(text)));
  }

  /** @param nowMs the database's clock */
  async putIfNewer<F>(
    epoch: string,
    kind: FactKind,
    entries: readonly FactToKeep<F>[],
    nowMs: number,
  ): Promise<void> {
    const alive = entries.filter((entry) => entry.endsAtMs > nowMs);
    await this.redis.run((redis) =>
      forEachScript(redis, alive, (some) =>
        PUT_IF_NEWER.run(
          redis,
          some.map((entry) => nameOf(epoch, kind, entry.key)),
          some.flatMap(({ version: v, facts, endsAtMs }) => [
            v,
            JSON.stringify({ v, facts, endsAtMs }),
            Math.ceil(endsAtMs - nowMs),
          ]),
        ),
      ),
    );
  }

  /**
   * Says at once what the evictor would say within its period: call it after the commit. Losing it
   * costs promptness alone.
   */
  async evict(changes: readonly Eviction[]): Promise<void> {
    if (changes.length === 0) return;
    await this.redis.run(async (redis) => {
      const nowMs = monotonicMs();
      if (nowMs - this.epochReadAtMs > EPOCH_COUNTS_FOR_MS) {
        this.epoch = (await redis.get(EPOCH_KEY)) ?? '';
        this.epochReadAtMs = nowMs;
      }
      await evictUnder(redis, this.epoch, changes);
    }, EVICT_BUDGET_MS);
  }
}

/**
 * Tombstones under the epoch, then the message: whoever hears it finds the tombstone.
 * @param epoch empty where there is none yet, and so nothing to bury
 */
export async function evictUnder(
  redis: RedisClient,
  epoch: string,
  changes: readonly Eviction[],
  said?: Said,
): Promise<void> {
  const newest = newestOf(changes);
  const buried = newest.filter((change) => change.kind !== 'l');
  if (epoch !== '') {
    await forEachScript(redis, buried, (some) =>
      BURY.run(
        redis,
        some.map((change) => nameOf(epoch, change.kind, change.key)),
        [TOMBSTONE_TTL_MS, ...some.map((change) => change.version)],
      ),
    );
  }
  const message = JSON.stringify({ changes: newest, said });
  await PUBLISH.run(redis, [EPOCH_KEY], [EVICT_CHANNEL, message]);
}

/** The eviction that a change of this subject asks for; undefined where none is needed. */
export function evictionOf(subject: string, key: string, version: number): Eviction | undefined {
  if (subject === 'IDENTIFIER') return { kind: 'i', key: alphaMatchKey(key), version };
  if (subject === 'TENANT') return { kind: 't', key, version };
  return subject === 'LEDGER' ? { kind: 'l', key: '', version } : undefined;
}

/** One eviction a subject, the newest; identifiers by their match key, however they were given. */
function newestOf(changes: readonly Eviction[]): Eviction[] {
  const newest = new Map<string, Eviction>();
  for (const change of changes) {
    const key = change.kind === 'i' ? alphaMatchKey(change.key) : change.key;
    const known = newest.get(`${change.kind}:${key}`);
    if (!known || known.version < change.version) {
      newest.set(`${change.kind}:${key}`, { ...change, key });
    }
  }
  return [...newest.values()];
}

const nameOf = (epoch: string, kind: string, key: string): string =>
  `num:fact:${epoch}:${kind}:${key}`;

/** In a cluster the keys of one script must lie in one slot, so there each has its own. */
async function forEachScript<T>(
  redis: RedisClient,
  all: readonly T[],
  run: (some: readonly T[]) => Promise<unknown>,
): Promise<void> {
  const size = redis instanceof Cluster ? 1 : KEYS_A_SCRIPT;
  const runs: Promise<unknown>[] = [];
  for (let from = 0; from < all.length; from += size) runs.push(run(all.slice(from, from + size)));
  await Promise.all(runs);
}

function readFact<F>(text: string): CachedFact<F> | undefined {
  try {
    return JSON.parse(text) as CachedFact<F>;
  } catch {
    return undefined; // Not ours: Postgres knows better.
  }
}
