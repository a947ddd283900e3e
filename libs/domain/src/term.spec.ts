import fc from 'fast-check';
import { addTerm, parseTerm, type Term } from './term';
import { isRefusal } from './refusal';

const termOf = (written: string, vanity = false): Term => {
  const term = parseTerm(written, vanity);
  if (isRefusal(term)) throw new Error(`${written}: ${term.detail}`);
  return term;
};
const end = (from: string, written: string) =>
  addTerm(new Date(from), termOf(written)).toISOString();

describe('a term', () => {
  it.each([
    ['2026-01-31T10:00:00.000Z', '1m', '2026-02-28T10:00:00.000Z'],
    ['2024-01-31T10:00:00.000Z', 'P1M', '2024-02-29T10:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '1y', '2025-02-28T00:00:00.000Z'],
    ['2026-01-01T00:00:00.000Z', 'P1Y6M', '2027-07-01T00:00:00.000Z'],
    ['2026-03-28T23:30:00.000Z', '2w', '2026-04-11T23:30:00.000Z'],
    ['2026-01-01T00:00:00.123Z', '30d', '2026-01-31T00:00:00.123Z'],
  ])('%s + %s = %s', (from, written, wanted) => {
    expect(end(from, written)).toBe(wanted);
  });

  it.each([
    '',
    '0d',
    '30',
    'd',
    '1h',
    '-1d',
    '+1d',
    '1.5d',
    'P',
    'P0D',
    'PT1H',
    '11y',
    '121m',
    '3654d',
    'P10Y1D',
    ' 30d',
    '30D',
    '99999y',
  ])('refuses %j', (written) => {
    expect(isRefusal(parseTerm(written, false))).toBe(true);
  });

  it.each(['1d', '10y', '120m', 'P10Y', 'P1D'])(
    'takes %s, the shortest and the longest',
    (written) => {
      expect(isRefusal(parseTerm(written, false))).toBe(false);
    },
  );

  it('is one or three years for a vanity lease', () => {
    expect(['1y', '3y', 'P1Y', 'P3Y'].map((w) => isRefusal(parseTerm(w, true)))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['2y', '12m', '365d', 'P36M'].map((w) => isRefusal(parseTerm(w, true)))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('agrees with plain calendar arithmetic on any date', () => {
    const unit = fc.constantFrom('d', 'w', 'm', 'y');
    const from = fc.date({
      min: new Date('2020-01-01'),
      max: new Date('2040-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(from, unit, fc.integer({ min: 1, max: 10 }), (start, u, n) => {
        expect(addTerm(start, termOf(`${n}${u}`)).toISOString()).toBe(
          reference(start, n, u).toISOString(),
        );
      }),
    );
  });
});

/** Months by the calendar with month ends clamped, days by 24 hours. */
function reference(from: Date, n: number, unit: string): Date {
  if (unit === 'd' || unit === 'w')
    return new Date(from.getTime() + n * (unit === 'w' ? 7 : 1) * 86_400_000);
  const months = unit === 'y' ? 12 * n : n;
  const last = new Date(
    Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0),
  ).getUTCDate();
  const moved = new Date(from);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  moved.setUTCDate(Math.min(from.getUTCDate(), last));
  return moved;
}
