import fc from 'fast-check';
import { addTerm, parseTerm, type Term } from './term';
import { isRefusal } from './refusal';

const DAY_MS = 86_400_000;

const termOf = (written: string, vanity = false): Term => {
  const term = parseTerm(written, vanity);
  if (isRefusal(term)) throw new Error(`${written}: ${term.detail}`);
  return term;
};
const isTaken = (written: string, vanity = false) => !isRefusal(parseTerm(written, vanity));
const end = (from: string, written: string) =>
  addTerm(new Date(from), termOf(written)).toISOString();

/** Years, months and days of a term. */
interface Parts {
  y: number;
  m: number;
  d: number;
}
const isoOf = ({ y, m, d }: Parts) => `P${y}Y${m}M${d}D`;

const anyMoment = fc.date({
  min: new Date('2020-01-01'),
  max: new Date('2040-12-31'),
  noInvalidDate: true,
});

describe('a term', () => {
  it.each([
    ['2026-01-31T10:00:00.000Z', '1m', '2026-02-28T10:00:00.000Z'],
    ['2024-01-31T10:00:00.000Z', 'P1M', '2024-02-29T10:00:00.000Z'],
    ['2026-03-31T00:00:00.000Z', '1m', '2026-04-30T00:00:00.000Z'],
    ['2026-08-31T00:00:00.000Z', '6m', '2027-02-28T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '1y', '2025-02-28T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '4y', '2028-02-29T00:00:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 'P1Y1D', '2025-03-01T23:59:59.999Z'],
    ['2025-02-28T00:00:00.000Z', 'P3Y', '2028-02-28T00:00:00.000Z'],
    ['2026-01-01T00:00:00.000Z', 'P1Y6M', '2027-07-01T00:00:00.000Z'],
    // Months first, clamped once, and then the days.
    ['2026-01-31T00:00:00.000Z', 'P1M1D', '2026-03-01T00:00:00.000Z'],
    ['2025-10-31T00:00:00.000Z', 'P1Y4M', '2027-02-28T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', '1d', '2027-01-01T23:59:59.999Z'],
    ['2026-03-28T23:30:00.000Z', '2w', '2026-04-11T23:30:00.000Z'],
    ['2026-01-01T00:00:00.123Z', '30d', '2026-01-31T00:00:00.123Z'],
  ])('%s + %s = %s', (from, written, wanted) => {
    expect(end(from, written)).toBe(wanted);
  });

  it.each([
    ...['', '0d', '00d', '01d', '30', 'd', 'y', '1h', '-1d', '+1d', '1.5d', '1e3d', '1dd', '1y6m'],
    ...[' 30d', '30d ', '30d\n', '30D', '１d', '11y', '121m', '3654d', '523w', '99999y', '100000d'],
    ...['P', 'p1y', 'PY', 'P1', 'P1Y6', 'P1.5Y', 'P-1Y', '-P1Y', 'P1D1M', 'P1M1Y', 'PP1Y', ' P1Y'],
    ...['P1Y ', 'P1Y\0', 'PT1H', 'P1YT1H', 'P1Y/P1D', 'P1Y2W', 'P1W2D', 'P1W1W'],
    ...['P0D', 'P0W', 'P0Y0M0D', 'P10Y1D', 'P11Y', 'P9Y13M', 'P9Y12M1D', 'P522W', 'P3654D'],
    ...['P100000D', 'P99999Y99999M99999D'],
  ])('refuses %j', (written) => {
    expect(isTaken(written)).toBe(false);
  });

  it.each([
    ...['1d', '10y', '120m', '3653d', '521w', 'P1D', 'P10Y', 'P3653D', 'P521W', 'P9Y12M'],
    ...['P119M31D', 'P0Y1D', 'P01Y', 'P1Y6M', 'P6M15D', 'P1Y2M3D', 'P1Y1D', 'P2W'],
  ])('takes %s', (written) => {
    expect(isTaken(written)).toBe(true);
  });

  it('is one or three years for a vanity lease', () => {
    expect(['1y', '3y', 'P1Y', 'P3Y'].map((w) => isTaken(w, true))).toEqual(Array(4).fill(true));
    const others = ['2y', '12m', '365d', '36m', 'P36M', 'P12M', 'P1Y0M', 'P2Y', 'P01Y', '1d', ''];
    expect(others.filter((w) => isTaken(w, true))).toEqual([]);
  });

  it('has at least a day and at most ten years, however it is made up', () => {
    // Ten years have 3,652 or 3,653 days; a term in days is measured where they have the most.
    const start = new Date('2023-01-01T00:00:00Z');
    const upTo = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(upTo(12), upTo(130), upTo(4_000), (y, m, d) => {
        const days = (reference(start, { y, m, d }).getTime() - start.getTime()) / DAY_MS;
        const written = isoOf({ y, m, d });
        expect([written, isTaken(written)]).toEqual([written, days >= 1 && days <= 3_653]);
      }),
      { numRuns: 500 },
    );
  });

  it('is the same in the short form and in ISO 8601', () => {
    const unit = fc.constantFrom('d', 'w', 'm', 'y');
    fc.assert(
      fc.property(anyMoment, unit, fc.integer({ min: 1, max: 4_000 }), (start, u, n) => {
        const [short, iso] = [`${n}${u}`, `P${n}${u.toUpperCase()}`];
        expect(isTaken(short)).toBe(isTaken(iso));
        if (!isTaken(short)) return;
        expect(addTerm(start, termOf(short))).toEqual(addTerm(start, termOf(iso)));
      }),
    );
  });

  it('agrees with plain calendar arithmetic on any date', () => {
    const upTo = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(anyMoment, upTo(8), upTo(12), upTo(300), (start, y, m, d) => {
        fc.pre(y + m + d > 0);
        const term = termOf(isoOf({ y, m, d }));
        expect(addTerm(start, term).toISOString()).toBe(
          reference(start, { y, m, d }).toISOString(),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Years and months by the calendar with month ends clamped, then days of 24 hours. */
function reference(from: Date, { y, m, d }: Parts): Date {
  const months = 12 * y + m;
  const last = new Date(
    Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0),
  ).getUTCDate();
  const moved = new Date(from);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  moved.setUTCDate(Math.min(from.getUTCDate(), last));
  return new Date(moved.getTime() + d * DAY_MS);
}
