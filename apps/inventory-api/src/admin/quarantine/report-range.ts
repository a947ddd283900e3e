import { dayCount, MAX_REPORT_DAYS, type ReportRange } from '@numbering/domain';
import { validationFailed, type Fault } from '../../http/problem';
import type { OverridesQuery } from './overrides.dto';

/**
 * The days that a report is asked for: `date` alone, or `from` and `to` together.
 * @throws Problem VALIDATION_FAILED for neither, for both, and for a range that is none or too long
 */
export function reportRange({ date, from, to }: OverridesQuery): ReportRange {
  if (date !== undefined) {
    if (from === undefined && to === undefined) return { from: date, to: date };
    throw wrong('date', 'ONE_OF', 'date, or from and to: not both');
  }
  if (from === undefined && to === undefined) {
    throw wrong('date', 'REQUIRED', 'date is missing, or from and to');
  }
  if (from === undefined) throw wrong('from', 'REQUIRED', 'from is missing');
  if (to === undefined) throw wrong('to', 'REQUIRED', 'to is missing');
  const days = dayCount({ from, to });
  if (days < 1) throw wrong('to', 'BEFORE_FROM', 'to is before from');
  if (days > MAX_REPORT_DAYS) {
    throw wrong('to', 'RANGE_TOO_LONG', `a report has ${MAX_REPORT_DAYS} days at most`);
  }
  return { from, to };
}

const wrong = (field: string, code: string, message: string) =>
  validationFailed([{ field, code, message } satisfies Fault]);
