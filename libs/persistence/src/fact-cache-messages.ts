/** What is cached: facts of an identifier (key: its match key) or the standing of a tenant. */
export type FactKind = 'i' | 't';

/**
 * A change that validators must hear of. `l` is the ledger itself: unknown identifiers may have
 * become known. `version` is that of the subject after the change; of the ledger its generation.
 */
export interface Eviction {
  kind: FactKind | 'l';
  key: string;
  version: number;
}

export const EVICT_CHANNEL = 'num:evict';
export const HEARTBEAT_CHANNEL = 'num:heartbeat';
export const EPOCH_KEY = 'num:epoch';

/** Who said it and which of its messages this is: a gap tells that one was lost on its way. */
export interface Said {
  evictor: string;
  count: number;
}

export interface EvictionMessage {
  changes: Eviction[];
  /** Absent where a writer said it: the evictor says the same again. */
  said?: Said;
}

/** All that was committed before `passBeganAtMs` has been said on `num:evict`. */
export interface Heartbeat {
  /** The prefix under which Redis may be read. */
  epoch: string;
  /** Of the ledger: unknown identifiers stay unknown while it stays. */
  generation: number;
  /** The database's clock, Unix milliseconds. */
  passBeganAtMs: number;
  said: Said;
}

/** @returns undefined for what is no such message: whoever hears that has missed something */
export function readEvictions(text: string): EvictionMessage | undefined {
  const message = parsed(text);
  return Array.isArray(message?.['changes']) ? (message as unknown as EvictionMessage) : undefined;
}

/** @returns undefined for what is no heartbeat */
export function readHeartbeat(text: string): Heartbeat | undefined {
  const message = parsed(text);
  return typeof message?.['epoch'] === 'string' && typeof message['passBeganAtMs'] === 'number'
    ? (message as unknown as Heartbeat)
    : undefined;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
