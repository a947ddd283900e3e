import type { RateWindows, TakenPermits } from '@numbering/persistence';
import { monotonicMs } from '@numbering/platform';
import { LRUCache } from 'lru-cache';

/**
 * Permits are fetched for several calls at once, at most this part of a limit: what other replicas have fetched and not
 * used may be missing to one. A limit that is smaller is exact.
 */
const LEAST_PART_FETCHED = 1 / 200;
/** Tenants whose windows a process remembers; of one that it forgets it asks Redis again. */
const MAX_WINDOWS = 20_000;

/** What became of one call. */
export interface Permit {
  isGranted: boolean;
  /** How many more the window has. */
  left: number;
  endsInMs: number;
}

interface Window {
  /** By the monotonic clock; what is known counts until then. */
  endsAtMs: number;
  /** By all replicas, as far as this one has heard; may be more than the quota. */
  taken: number;
  /** Taken, and not given to a call yet. */
  inHand: number;
  /** Calls that wait for the answer to a question that is on its way, or for the next one. */
  waiting: ((permit: Permit) => void)[];
}

/**
 * The permits of one limit, by tenant. Calls that come at once ask Redis together, a large limit is asked for in portions,
 * and a window that is used up is known to be until its end: so a call costs Redis little, and a flood nothing.
 * Without Redis each process counts by itself, from what it last knew.
 */
export class Permits {
  private readonly windows = new LRUCache<string, Window>({ max: MAX_WINDOWS });
  private readonly portion: number;

  /**
   * @param limit its name among the keys of Redis, and how many calls it allows in a window that opens with the first
   * @param onCounted told after each question: by all replicas, or why by this process alone
   */
  constructor(
    private readonly limit: Readonly<{ name: string; quota: number; windowMs: number }>,
    private readonly shared: RateWindows,
    private readonly onCounted: (whyAlone?: unknown) => void,
  ) {
    this.portion = Math.max(1, Math.floor(limit.quota * LEAST_PART_FETCHED));
  }

  /** One call. Never throws, and waits for Redis no longer than its budget. */
  async take(tenantId: string): Promise<Permit> {
    const window = this.windowOf(tenantId);
    if (this.isKnown(window)) return this.permit(window);
    return new Promise((resolve) => {
      const isFirst = window.waiting.push(resolve) === 1;
      if (isFirst) void this.fetch(tenantId, window);
    });
  }

  private windowOf(tenantId: string): Window {
    const known = this.windows.get(tenantId);
    if (known) return known;
    const window = { endsAtMs: 0, taken: 0, inHand: 0, waiting: [] };
    this.windows.set(tenantId, window);
    return window;
  }

  private isKnown(window: Window): boolean {
    const isOpen = monotonicMs() < window.endsAtMs;
    return isOpen && (window.inHand > 0 || window.taken >= this.limit.quota);
  }

  private permit(window: Window): Permit {
    const isGranted = window.inHand > 0;
    if (isGranted) window.inHand--;
    return {
      isGranted,
      left: Math.max(0, this.limit.quota - window.taken) + window.inHand,
      endsInMs: Math.max(0, window.endsAtMs - monotonicMs()),
    };
  }

  /** Asks until nobody waits: each question is for all who waited when it left, so each answers some. */
  private async fetch(tenantId: string, window: Window): Promise<void> {
    while (window.waiting.length > 0) {
      const asking = window.waiting.length;
      const wanted = Math.max(this.portion, asking);
      const { taken, endsInMs } = await this.count(tenantId, window, wanted);
      window.endsAtMs = monotonicMs() + endsInMs;
      window.taken = taken;
      window.inHand = Math.min(wanted, Math.max(0, this.limit.quota - (taken - wanted)));
      const isUsedUp = taken >= this.limit.quota;
      const answered = window.waiting.slice(
        0,
        isUsedUp ? window.waiting.length : Math.max(asking, window.inHand),
      );
      for (const answer of answered) answer(this.permit(window));
      // Not before: whoever comes first after an empty list asks by itself.
      window.waiting.splice(0, answered.length);
    }
  }

  private async count(tenantId: string, window: Window, wanted: number): Promise<TakenPermits> {
    const { name, windowMs } = this.limit;
    try {
      const taken = await this.shared.take(`${name}:${tenantId}`, wanted, windowMs);
      this.onCounted();
      return taken;
    } catch (error) {
      this.onCounted(error);
      const leftMs = window.endsAtMs - monotonicMs();
      return leftMs > 0
        ? { taken: window.taken + wanted, endsInMs: leftMs }
        : { taken: wanted, endsInMs: windowMs };
    }
  }
}
