import { Temporal } from 'temporal-polyfill';
import { MAX_TERM_YEARS, MIN_TERM_DAYS, VANITY_TERMS } from './policy';
import { refuse, type Refusal } from './refusal';

/** A lease's term: calendar units, added in UTC with month ends clamped (ruling 13). */
export interface Term {
  /** As the caller wrote it; renewals read it again. */
  written: string;
  duration: Temporal.Duration;
}

const SHORT_FORM = /^([1-9][0-9]{0,4})([dwmy])$/;
/** ISO 8601-1: years, months and days in this order, or weeks alone. */
const ISO_FORM = /^P(?:(?=[0-9])(?:[0-9]{1,5}Y)?(?:[0-9]{1,5}M)?(?:[0-9]{1,5}D)?|[0-9]{1,5}W)$/;
const UNITS = { d: 'days', w: 'weeks', m: 'months', y: 'years' } as const;

/** A date on which every term can be measured; one before a leap day, so that no term of ten years looks longer. */
const REFERENCE = Temporal.PlainDate.from('2023-01-01');

/**
 * Reads `30d`, `2w`, `6m`, `1y`, `P30D`, `P1Y6M`; one day to ten years; vanity one or three years only.
 * @returns the term, or `INVALID_TERM`
 */
export function parseTerm(written: string, vanity: boolean): Term | Refusal {
  const duration = parseDuration(written);
  if (duration === undefined) {
    return refuse(
      'INVALID_TERM',
      'term is a number and d, w, m or y (30d, 1y), or ISO 8601 (P1Y6M)',
    );
  }
  if (vanity && !VANITY_TERMS.some((term) => term === written)) {
    return refuse('INVALID_TERM', 'A vanity lease runs for 1y or 3y');
  }
  const end = REFERENCE.add(duration);
  const shortest = REFERENCE.add({ days: MIN_TERM_DAYS });
  const longest = REFERENCE.add({ years: MAX_TERM_YEARS });
  if (Temporal.PlainDate.compare(end, shortest) < 0) {
    return refuse('INVALID_TERM', `A lease runs for at least ${MIN_TERM_DAYS} day`);
  }
  if (Temporal.PlainDate.compare(end, longest) > 0) {
    return refuse('INVALID_TERM', `A lease runs for at most ${MAX_TERM_YEARS} years`);
  }
  return { written, duration };
}

function parseDuration(written: string): Temporal.Duration | undefined {
  const short = SHORT_FORM.exec(written);
  if (short) {
    const unit = UNITS[short[2] as keyof typeof UNITS];
    return Temporal.Duration.from({ [unit]: Number(short[1]) });
  }
  if (!ISO_FORM.test(written)) return undefined;
  return Temporal.Duration.from(written);
}

/** `from` plus the term, in UTC; 31 January plus a month is the last of February. */
export function addTerm(from: Date, term: Term): Date {
  const moved = Temporal.Instant.fromEpochMilliseconds(from.getTime())
    .toZonedDateTimeISO('UTC')
    .add(term.duration);
  return new Date(moved.epochMilliseconds);
}
