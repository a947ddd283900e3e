import { DAY_MS, MINUTE_MS } from './policy';

/** Longest range of one report (ruling 23): a leap year. */
export const MAX_REPORT_DAYS = 366;
/** Overrides in one report; a range with more is to be asked for in parts. */
export const MAX_REPORT_ITEMS = 10_000;
/** Days that one run of the daily report catches up with; what was missed before is in the report itself. */
export const MAX_CAUGHT_UP_DAYS = 31;
/** A day is over for the report so long after its end: what was decided in it has committed by then. */
export const REPORT_SETTLES_MS = MINUTE_MS;

/** One release from quarantine by an officer. */
export interface ReportedOverride {
  at: Date;
  identifier: string;
  adminId: string;
  justification: string;
  recallReason: string;
  ticketId: string | null;
  recalledTenantId: string;
  /** Who claimed the number first after the override; null: nobody yet. */
  nextTenantId: string | null;
  /** When the cool-down would have ended by itself. */
  availableAt: Date;
}

/** Whole days of UTC, both included, as `2026-01-31`. */
export interface ReportRange {
  from: string;
  to: string;
}

export interface OverrideReport extends ReportRange {
  count: number;
  /** Every day of the range, also those without an override. */
  days: { date: string; count: number }[];
  items: readonly ReportedOverride[];
}

/** US-NUM-006, ruling 23. */
export function overrideReport(
  { from, to }: ReportRange,
  items: readonly ReportedOverride[],
): OverrideReport {
  const counts = new Map(daysOf({ from, to }).map((date) => [date, 0]));
  for (const { at } of items) counts.set(utcDay(at), (counts.get(utcDay(at)) ?? 0) + 1);
  const days = [...counts].map(([date, count]) => ({ date, count }));
  return { from, to, count: items.length, days, items };
}

/**
 * Days that the daily report is due for, oldest first: from the one after the last that was sent to yesterday;
 * yesterday alone where none ever was.
 */
export function daysToReport(now: Date, lastReported: string | undefined): string[] {
  const yesterday = utcDay(new Date(now.getTime() - REPORT_SETTLES_MS - DAY_MS));
  const from = lastReported === undefined ? yesterday : addDays(lastReported, 1);
  return from > yesterday ? [] : daysOf({ from, to: yesterday }).slice(-MAX_CAUGHT_UP_DAYS);
}

/** When the day that runs now can be reported. */
export const nextReportAt = (now: Date): Date =>
  new Date(dayStart(addDays(utcDay(now), 1)).getTime() + REPORT_SETTLES_MS);

export const utcDay = (at: Date): string => at.toISOString().slice(0, 'YYYY-MM-DD'.length);

/** The first moment of the day. */
export const dayStart = (day: string): Date => new Date(`${day}T00:00:00.000Z`);

export const addDays = (day: string, days: number): string =>
  utcDay(new Date(dayStart(day).getTime() + days * DAY_MS));

/** How many days a range has; 0 or less where it ends before it begins. */
export const dayCount = ({ from, to }: ReportRange): number =>
  Math.round((dayStart(to).getTime() - dayStart(from).getTime()) / DAY_MS) + 1;

const daysOf = (range: ReportRange): string[] =>
  Array.from({ length: Math.max(0, dayCount(range)) }, (_, i) => addDays(range.from, i));
