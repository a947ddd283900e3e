import type { Known } from './fact-memory';
import type { PostgresGate } from './postgres-gate';

/** Entries made at once end apart: a share of their life, at most, is taken off by chance. */
const JITTER_SHARE = 0.2;

export interface PostgresLinkParts<A, F> {
  gate: Pick<PostgresGate, 'run'>;
  /** By match key; undefined for what is not there. */
  load: (asks: readonly A[]) => Promise<Map<string, F | undefined>>;
  /** How long at most what was read may be kept. */
  ttlMs: number;
}

/**
 * The last link: the primary. It answers for every key, also that there is nothing. Throws
 * `StoreUnavailable('postgres')` when it does not answer.
 */
export class PostgresLink<A, F extends { version: number }> {
  constructor(private readonly parts: PostgresLinkParts<A, F>) {}

  /** @param nowMs the database's clock, before the read: entries live from there */
  async find(asks: readonly A[], nowMs: number): Promise<Map<string, Known<F>>> {
    const { gate, load, ttlMs } = this.parts;
    const found = new Map<string, Known<F>>();
    for (const [key, facts] of await gate.run(() => load(asks))) {
      const endsAtMs = nowMs + ttlMs * (1 - JITTER_SHARE * Math.random());
      found.set(key, { version: facts?.version ?? 0, facts, endsAtMs });
    }
    return found;
  }
}
