import type { CachedFact, FactCache, FactKind } from '@numbering/persistence';
import { monotonicMs, StoreUnavailable, type Log, type RedisGate } from '@numbering/platform';
import type { FactMemory, Known } from './fact-memory';
import type { Ask } from './gather';
import type { Moment } from './trust';

/** A read that began longer ago puts nothing: tombstones outlive it many times over. */
const MAX_READ_AGE_MS = 10_000;

/**
 * The second link: Redis, shared by all replicas. Asked only while `Trust` is young and under the
 * epoch of the last heartbeat. When it does not answer, the next link does.
 */
export class RedisLink<F> {
  constructor(
    private readonly kind: FactKind,
    private readonly cache: FactCache,
    private readonly gate: Pick<RedisGate, 'isUp'>,
    private readonly log: Log,
  ) {}

  get isUp(): boolean {
    return this.gate.isUp;
  }

  /**
   * What Redis knows of these, but for what is older than memory has heard of; its tombstones
   * become floors of the memory.
   */
  async find(
    asks: readonly Ask[],
    { epoch }: Moment,
    memory: FactMemory<F>,
    nowMs: number,
  ): Promise<Map<string, Known<F>>> {
    const found = new Map<string, Known<F>>();
    if (epoch === undefined) return found;
    const keys = asks.map((ask) => ask.matchKey);
    const facts = await this.read(epoch, keys);
    facts.forEach((fact, at) => {
      const key = keys[at];
      if (fact === undefined || key === undefined) return;
      if (fact.gone || fact.endsAtMs <= nowMs) memory.evict(key, fact.v);
      else found.set(key, { version: fact.v, facts: fact.facts, endsAtMs: fact.endsAtMs });
    });
    return found;
  }

  /**
   * Keeps what Postgres said, where it is newer; nobody waits for it. Unknown identifiers and
   * tenants are anybody's invention, so only the bounded memory has them.
   * @param readBeganAtMs monotonic; the epoch is that of the same moment
   */
  keep(known: ReadonlyMap<string, Known<F>>, readBeganAtMs: number, under: Moment, nowMs: number) {
    const { epoch } = under;
    const isLate = monotonicMs() - readBeganAtMs > MAX_READ_AGE_MS;
    if (epoch === undefined || isLate || !this.gate.isUp) return;
    const entries = [...known].flatMap(([key, { version, facts, endsAtMs }]) =>
      facts === undefined || version === 0 ? [] : [{ key, version, facts, endsAtMs }],
    );
    if (entries.length === 0) return;
    this.cache.putIfNewer(epoch, this.kind, entries, nowMs).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) this.log.error({ err: error }, 'a put failed');
    });
  }

  private async read(
    epoch: string,
    keys: readonly string[],
  ): Promise<(CachedFact<F> | undefined)[]> {
    try {
      return await this.cache.read<F>(epoch, this.kind, keys);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) this.log.error({ err: error }, 'a read failed');
      return [];
    }
  }
}
