import { LRUCache } from 'lru-cache';
import type { Moment, Trust } from './trust';

/**
 * Where an answer's facts came from, from the best to the worst; `redis_down` is Postgres in
 * Redis's place.
 */
export const PATHS = ['memory', 'redis', 'postgres', 'redis_down'] as const;
export type Path = (typeof PATHS)[number];

/** What is known of a subject: its facts (undefined: it is in no ledger) as of a version. */
export interface Known<F> {
  readonly version: number;
  readonly facts: F | undefined;
  /** When it ends, in the database's clock (Unix milliseconds). */
  readonly endsAtMs: number;
}

interface Entry<F> extends Known<F> {
  readonly era: number;
}

interface Unknown extends Known<never> {
  readonly era: number;
  readonly ledger: number;
}

export interface MemoryLimits {
  entries: number;
  floors: number;
  unknown: number;
}

/**
 * The first link: this process's memory. Of each key it keeps the newest version that was heard
 * of or answered from, as a floor: nothing older is used again, even when the facts themselves are
 * gone. The caller asks only while `Trust` is young.
 */
export class FactMemory<F> {
  private readonly entries: LRUCache<string, Entry<F>>;
  private readonly floors: LRUCache<string, number>;
  private readonly unknown: LRUCache<string, Unknown>;

  constructor(
    limits: MemoryLimits,
    private readonly trust: Trust,
  ) {
    this.floors = new LRUCache({ max: limits.floors });
    this.unknown = new LRUCache({ max: limits.unknown });
    this.entries = new LRUCache({
      max: limits.entries,
      dispose: ({ version }, key, why) => {
        if (why === 'evict') this.setFloor(key, version);
      },
    });
  }

  /** @param nowMs the database's clock */
  get(key: string, nowMs: number): Known<F> | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined) {
      return entry.era === this.trust.era && nowMs < entry.endsAtMs ? entry : undefined;
    }
    const unknown = this.unknown.get(key);
    if (unknown === undefined || nowMs >= unknown.endsAtMs) return undefined;
    const counts = unknown.era === this.trust.era && unknown.ledger === this.trust.ledger;
    return counts ? unknown : undefined;
  }

  /** The oldest version that may still answer. */
  floorOf(key: string): number {
    return Math.max(this.entries.peek(key)?.version ?? 0, this.floors.get(key) ?? 0);
  }

  /** The subject has this version now, so what is older is not used again. */
  evict(key: string, version: number): void {
    this.unknown.delete(key);
    const entry = this.entries.peek(key);
    if (entry !== undefined && entry.version >= version) return;
    if (entry !== undefined) this.entries.delete(key);
    this.setFloor(key, version);
  }

  /**
   * Remembers what a read found, if nothing was missed since the read began.
   * @returns whether it may answer: false where a newer version has been heard of
   */
  keep(key: string, known: Known<F>, readUnder: Moment): boolean {
    if (known.version < this.floorOf(key)) return false;
    if (readUnder.era !== this.trust.era) {
      this.setFloor(key, known.version);
      return true;
    }
    const { version, facts, endsAtMs } = known;
    if (facts === undefined) {
      const { era, ledger } = readUnder;
      if (ledger === this.trust.ledger) {
        this.unknown.set(key, { version, facts: undefined, endsAtMs, era, ledger });
      }
    } else {
      this.unknown.delete(key);
      this.entries.set(key, { version, facts, endsAtMs, era: readUnder.era });
    }
    return true;
  }

  private setFloor(key: string, version: number): void {
    if (version > (this.floors.get(key) ?? 0)) this.floors.set(key, version);
  }
}
