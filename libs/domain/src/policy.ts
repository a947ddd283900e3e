import type { IdentifierClass, Plan, RecallReason } from '@numbering/contracts';

/** Every number an owner may change, with the story or ruling it comes from. */

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What a plan allows a tenant (ruling 31). */
export interface Quotas {
  /** Leases at a time, by class (US-NUM-011). */
  MSISDN: number;
  SHORT_CODE: number;
  ALPHA: number;
  /** Reservations and holds together (US-NUM-007). */
  maxActiveReservations: number;
  /** Holds (US-NUM-008). */
  maxHolds: number;
}

export const PLAN_QUOTAS: Readonly<Record<Plan, Quotas>> = {
  starter: { MSISDN: 10, SHORT_CODE: 1, ALPHA: 2, maxActiveReservations: 10, maxHolds: 5 },
  business: { MSISDN: 100, SHORT_CODE: 5, ALPHA: 10, maxActiveReservations: 50, maxHolds: 25 },
  premium: { MSISDN: 1_000, SHORT_CODE: 20, ALPHA: 50, maxActiveReservations: 200, maxHolds: 100 },
  enterprise: {
    MSISDN: 10_000,
    SHORT_CODE: 100,
    ALPHA: 200,
    maxActiveReservations: 1_000,
    maxHolds: 500,
  },
};

/** The plan of a tenant nobody has told us about (rulings, "Words"). */
export const DEFAULT_PLAN: Plan = 'starter';

/** Durations and limits that configuration may change. */
export interface Policy {
  /** US-NUM-007 */
  reserveTtlMs: number;
  /** US-NUM-008 */
  holdTtlMs: number;
  /** Cool-down by class after a recall or an expiry (US-NUM-004, ruling 24). */
  quarantineMs: Readonly<Record<IdentifierClass, number>>;
  /** Cool-down by reason of recall; beats the class's (ruling 24). */
  quarantineMsByReason: Readonly<Partial<Record<RecallReason, number>>>;
  /** Cool-down of a vanity lease (US-NUM-012). */
  quarantineVanityMs: number;
  /** How long before its end a lease is renewed; half its term where that is shorter (US-NUM-005, ruling 27). */
  renewalWindowMs: number;
  /** Grace of an auto-renewing vanity lease (US-NUM-012). */
  vanityGraceMs: number;
  /** Grace of an auto-renewing lease that billing has not refused in this term (ruling 28). */
  renewalOutageGraceMs: number;
  /** How long a tenant recalled for abuse is barred where the class has no cool-down (ruling 20). */
  zeroCoolDownBarMs: number;
}

export const DEFAULT_POLICY: Policy = {
  reserveTtlMs: 900 * SECOND_MS,
  holdTtlMs: 24 * HOUR_MS,
  quarantineMs: { MSISDN: 90 * DAY_MS, SHORT_CODE: 30 * DAY_MS, ALPHA: 0 },
  quarantineMsByReason: {},
  quarantineVanityMs: 365 * DAY_MS,
  renewalWindowMs: 7 * DAY_MS,
  vanityGraceMs: 14 * DAY_MS,
  renewalOutageGraceMs: 24 * HOUR_MS,
  zeroCoolDownBarMs: 30 * DAY_MS,
};

/** What remains of a pool, in percent, below which an alert fires and from which on it is over (US-NUM-013, ruling 38). */
export const POOL_THRESHOLDS_PERCENT = {
  WARNING: { firesBelow: 5, clearsAt: 6 },
  SEV1: { firesBelow: 1, clearsAt: 1.5 },
} as const;
/** How far back consumption is looked at for the projected exhaustion of a pool (ruling 39). */
export const PROJECTION_WINDOW_DAYS = 30;

/** Longest and shortest term of a lease (ruling 13). */
export const MIN_TERM_DAYS = 1;
export const MAX_TERM_YEARS = 10;
export const VANITY_TERMS = ['1y', '3y', 'P1Y', 'P3Y'] as const;

/** Shortest justification of an override (ruling 23). */
export const MIN_JUSTIFICATION_CHARS = 10;

/** Numbers in one bulk reservation, one registration, one batch of questions. */
export const MAX_BULK_RESERVATIONS = 100;
export const MAX_REGISTRATIONS = 1_000;
export const MAX_BATCH_QUESTIONS = 1_000;
