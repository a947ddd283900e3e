import type { Heartbeat } from '@numbering/persistence';
import type { DatabaseClock } from '@numbering/platform';

/**
 * How old the start of the last told pass may be while caches are believed. The promise is 1 s;
 * the rest is for one answer from Redis and the error of the clock.
 */
export const TRUST_MS = 700;
/** A heartbeat so much older than the last means that the database's clock was set back. */
const CLOCK_STEP_MS = 5_000;

/** What counted when a read began: what it found may be kept only while the same still counts. */
export interface Moment {
  era: number;
  ledger: number;
  /** Prefix of Redis's keys; undefined before the first heartbeat. */
  epoch: string | undefined;
}

/**
 * Whether what is remembered may answer. All that was committed before the last heartbeat's pass
 * has been told to this process, so while that is young nothing remembered is older than it.
 */
export class Trust {
  private heartbeat: Heartbeat | undefined;
  private isRedisKnown = false;
  private currentEra = 0;
  private currentLedger = 0;

  constructor(
    private readonly clock: Pick<DatabaseClock, 'errorBoundMs'>,
    private readonly blindTtlMs: number,
  ) {}

  /** Grows when something may have been missed: entries of before are floors only. */
  get era(): number {
    return this.currentEra;
  }

  /** Grows when unknown identifiers may have become known. */
  get ledger(): number {
    return this.currentLedger;
  }

  moment(): Moment {
    return { era: this.era, ledger: this.ledger, epoch: this.heartbeat?.epoch };
  }

  heard(heartbeat: Heartbeat): void {
    const last = this.heartbeat;
    if (last && last.epoch !== heartbeat.epoch) this.missed(); // Redis has lost tombstones.
    if (last && last.generation !== heartbeat.generation) this.ledgerChanged();
    // Of two evictors the slower one says less, and it is no news; unless the clock was set back.
    const ageMs = (last?.passBeganAtMs ?? 0) - heartbeat.passBeganAtMs;
    const isLate = ageMs > 0 && ageMs < CLOCK_STEP_MS;
    const passBeganAtMs = isLate && last ? last.passBeganAtMs : heartbeat.passBeganAtMs;
    this.heartbeat = { ...heartbeat, passBeganAtMs };
    this.isRedisKnown = true;
  }

  missed(): void {
    this.currentEra++;
    this.ledgerChanged();
  }

  ledgerChanged(): void {
    this.currentLedger++;
  }

  /** @param nowMs the database's clock, as estimated here */
  isYoung(nowMs: number): boolean {
    if (!this.heartbeat) return false;
    // A heartbeat of the future is as bad: it would be believed for too long.
    const distanceMs = Math.abs(nowMs - this.heartbeat.passBeganAtMs);
    return distanceMs + this.clock.errorBoundMs < TRUST_MS;
  }

  /**
   * Whether Redis may answer now: a server that came back, perhaps with an old copy of its data,
   * may not before it has sent a heartbeat itself.
   */
  isRedisBelieved(nowMs: number): boolean {
    return this.isRedisKnown && this.isYoung(nowMs);
  }

  redisChanged(): void {
    this.isRedisKnown = false;
  }

  /**
   * With no store that answers: the moment of the last heartbeat, whose facts may answer for
   * LEASE_BLIND_TTL; undefined where that is over, or 0 as it is by default.
   */
  blindSinceMs(nowMs: number): number | undefined {
    const sinceMs = this.heartbeat?.passBeganAtMs;
    if (sinceMs === undefined) return undefined;
    return Math.abs(nowMs - sinceMs) < this.blindTtlMs ? sinceMs : undefined;
  }
}
