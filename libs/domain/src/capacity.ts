import type { IdentifierClass, LedgerEvent, PoolSeverity } from '@numbering/contracts';
import { DAY_MS, POOL_THRESHOLDS_PERCENT } from './policy';

/** What capacity is counted by (ruling 8). */
export interface Pool {
  operatorId: string;
  blockPrefix: string;
  identifierClass: IdentifierClass;
}

/** Identifiers of a pool by standing; those that are retired are none of it. */
export interface PoolCounts {
  /** AVAILABLE and valid now: what remains. A cool-down that is over counts, swept or not (ruling 19). */
  available: number;
  reserved: number;
  held: number;
  leased: number;
  suspended: number;
  quarantine: number;
  /** AVAILABLE, but their `validFrom` lies ahead (ruling 4). */
  upcoming: number;
}

/** Identifiers that come back from quarantine together. */
export interface PoolReturn {
  at: Date;
  identifiers: number;
}

/** A pool as it was counted at one moment. */
export interface CountedPool extends Pool, PoolCounts {
  firstImportAt: Date;
  /** When the next of its upcoming identifiers can be claimed. */
  nextValidFrom: Date | null;
  returns: readonly PoolReturn[];
}

/** How many identifiers of a pool were not to be had at an earlier moment. */
export interface EarlierUse {
  at: Date;
  inUse: number;
}

/** What is told of a pool beside its counts. */
export interface PoolOutlook {
  /** null: at the present pace, less what comes back from quarantine, never. */
  projectedExhaustionAt: Date | null;
  /** Days whose consumption the projection goes by, rounded. */
  windowDays: number;
}

/** Named in the answer, so that a reader knows what the projection is worth (ruling 39). */
export const PROJECTION_METHOD = 'NET_CONSUMPTION_LESS_QUARANTINE_RETURNS';
/** A younger pool is taken to have needed a day for what it has consumed: a minute's burst is no trend. */
export const SHORTEST_WINDOW_DAYS = 1;
/** What lies further ahead is never. */
const LONGEST_PROJECTION_DAYS = 36_525;

const RUNBOOKS: Readonly<Record<IdentifierClass, string>> = {
  MSISDN: 'docs/runbooks/mno-block-order.md',
  SHORT_CODE: 'docs/runbooks/atra-short-code-request.md',
  ALPHA: 'docs/runbooks/alpha-id-registration.md',
};

/** What whoever is woken does: new MSISDNs come of an operator, short codes of the regulator ATRA, by hand. */
export const runbookOf = ({ identifierClass }: Pool): string => RUNBOOKS[identifierClass];

/** Claimed or cooling down: not to be had, and neither new nor retired. */
export const inUseOf = (pool: PoolCounts): number =>
  pool.reserved + pool.held + pool.leased + pool.suspended + pool.quarantine;

/** All that is not retired (ruling 38). */
export const totalOf = (pool: PoolCounts): number => pool.available + pool.upcoming + inUseOf(pool);

/** Cut off after two decimals, so that it never shows more than there is: 4.999 % is below 5 %. 0 of an empty pool. */
export function remainingPercentOf(pool: PoolCounts): number {
  const total = totalOf(pool);
  return total === 0 ? 0 : Math.floor((pool.available * 10_000) / total) / 100;
}

/**
 * Ruling 38: below 5 % WARNING, below 1 % SEV1, over from 6 % and 1.5 % on. A pool without identifiers has nothing that
 * could run out.
 * @param before what held of the pool until now
 */
export function poolSeverity(pool: PoolCounts, before: PoolSeverity | null): PoolSeverity | null {
  const total = totalOf(pool);
  if (total === 0) return null;
  const isBelow = (percent: number): boolean => pool.available * 100 < percent * total;
  const { WARNING, SEV1 } = POOL_THRESHOLDS_PERCENT;
  if (isBelow(before === 'SEV1' ? SEV1.clearsAt : SEV1.firesBelow)) return 'SEV1';
  if (isBelow(before === null ? WARNING.firesBelow : WARNING.clearsAt)) return 'WARNING';
  return null;
}

/** The event of a crossing: one, however many thresholds lie between; undefined where nothing was crossed. */
export function poolCrossing(
  pool: Pool & PoolCounts,
  before: PoolSeverity | null,
): LedgerEvent | undefined {
  const severity = poolSeverity(pool, before);
  if (severity === before) return undefined;
  const { operatorId, blockPrefix, identifierClass, available: remaining } = pool;
  const shown = {
    operatorId,
    blockPrefix,
    identifierClass,
    remaining,
    remainingPercent: remainingPercentOf(pool),
  };
  const runbook = runbookOf(pool);
  if (severity === 'SEV1' || (severity !== null && before === null)) {
    const type = 'numbering.pool.exhausted';
    return { type, key: operatorId, data: { ...shown, severity, runbook } };
  }
  if (before === null) return undefined;
  const type = 'numbering.pool.recovered';
  return { type, key: operatorId, data: { ...shown, severity, clearedSeverity: before, runbook } };
}

/**
 * Ruling 39: how long the pool lasts where it is consumed as it was, net of what came back, in the trailing window.
 * @param earlier the earliest count in the window; a pool younger than the window began with nothing in use
 */
export function poolOutlook(
  pool: CountedPool,
  now: Date,
  windowDays: number,
  earlier?: EarlierUse,
): PoolOutlook {
  const birth = { at: pool.firstImportAt, inUse: 0 };
  const isYoung = daysBetween(birth.at, now) < windowDays;
  const from = isYoung ? birth : (earlier ?? birth);
  const days = Math.max(SHORTEST_WINDOW_DAYS, daysBetween(from.at, now));
  const consumedADay = (inUseOf(pool) - from.inUse) / days;
  return {
    projectedExhaustionAt: exhaustionAt(pool, now, consumedADay),
    windowDays: Math.round(days),
  };
}

/** When consumption has used up what is available and what has come back until then; `now` where nothing is left. */
function exhaustionAt(
  { available, returns }: Pick<CountedPool, 'available' | 'returns'>,
  now: Date,
  consumedADay: number,
): Date | null {
  if (available <= 0) return now;
  if (consumedADay <= 0) return null;
  let left = available;
  for (const { at, identifiers } of returns.toSorted((a, b) => +a.at - +b.at)) {
    if (daysBetween(now, at) > left / consumedADay) break;
    left += identifiers;
  }
  const days = left / consumedADay;
  return days > LONGEST_PROJECTION_DAYS ? null : new Date(now.getTime() + days * DAY_MS);
}

const daysBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / DAY_MS;

/** The last measurement, and what has happened since. */
export interface MeasurementMarks {
  now: Date;
  /** undefined: there was none. */
  last?: { measuredAt: Date; tookMs: number; nextValidFrom: Date | null };
  /** Blocks were imported or registered since. */
  hasNewBlocks: boolean;
}

/** Of the time of one core that measuring may take: a ledger too large for its period is measured more rarely. */
const MEASURING_SHARE = 1 / 20;
/** The same while imports follow each other, or while one `validFrom` after the other comes. */
const WOKEN_MEASURING_SHARE = 1 / 4;

/** US-NUM-013: by the clock, and at once after an import and when an identifier becomes valid. */
export function isMeasurementDue(
  { now, last, hasNewBlocks }: MeasurementMarks,
  everyMs: number,
): boolean {
  if (!last) return true;
  const agoMs = now.getTime() - last.measuredAt.getTime();
  const isWoken = hasNewBlocks || (last.nextValidFrom !== null && last.nextValidFrom <= now);
  if (isWoken && agoMs >= last.tookMs / WOKEN_MEASURING_SHARE) return true;
  return agoMs >= Math.max(everyMs, last.tookMs / MEASURING_SHARE);
}
