import fc from 'fast-check';
import type { PoolSeverity } from '@numbering/contracts';
import { daysAfter, NOON } from './builders.fixture';
import {
  inUseOf,
  isMeasurementDue,
  poolCrossing,
  poolOutlook,
  poolSeverity,
  remainingPercentOf,
  runbookOf,
  totalOf,
  type CountedPool,
} from './capacity';
import { DAY_MS, PROJECTION_WINDOW_DAYS } from './policy';

const POOL = { operatorId: 'ROSHAN', blockPrefix: '+9379', identifierClass: 'MSISDN' } as const;

/** A pool with so many available; the others are leased, unless something else is said. */
const aPool = (available: number, total: number, more: Partial<CountedPool> = {}): CountedPool => ({
  ...POOL,
  available,
  reserved: 0,
  held: 0,
  leased: total - available,
  suspended: 0,
  quarantine: 0,
  upcoming: 0,
  firstImportAt: daysAfter(-10),
  nextValidFrom: null,
  returns: [],
  ...more,
});

const before = fc.constantFrom<PoolSeverity | null>(null, 'WARNING', 'SEV1');
const sizes = fc
  .integer({ min: 1, max: 2_000 })
  .chain((total) => fc.tuple(fc.integer({ min: 0, max: total }), fc.constant(total)));

describe('what a pool is alerted for', () => {
  it.each([
    [null, 50, 1_000, null],
    [null, 49, 1_000, 'WARNING'],
    [null, 10, 1_000, 'WARNING'],
    [null, 9, 1_000, 'SEV1'],
    [null, 0, 1, 'SEV1'],
    [null, 1, 1, null],
    [null, 1, 20, null],
    [null, 1, 21, 'WARNING'],
    ['WARNING', 59, 1_000, 'WARNING'],
    ['WARNING', 60, 1_000, null],
    ['WARNING', 9, 1_000, 'SEV1'],
    ['SEV1', 14, 1_000, 'SEV1'],
    ['SEV1', 15, 1_000, 'WARNING'],
    ['SEV1', 59, 1_000, 'WARNING'],
    ['SEV1', 60, 1_000, null],
    ['SEV1', 0, 0, null],
  ] as const)('after %s, with %i of %i left, is %s', (was, available, total, is) => {
    expect(poolSeverity(aPool(available, total), was)).toBe(is);
  });

  it('counts what is upcoming as not remaining, and as part of the whole', () => {
    const pool = aPool(4, 50, { upcoming: 50 });
    expect([totalOf(pool), remainingPercentOf(pool)]).toEqual([100, 4]);
    expect(poolSeverity(pool, null)).toBe('WARNING');
  });

  it('settles: what was judged once is judged the same again', () => {
    fc.assert(
      fc.property(sizes, before, ([available, total], was) => {
        const pool = aPool(available, total);
        const severity = poolSeverity(pool, was);
        expect(poolSeverity(pool, severity)).toBe(severity);
        expect(poolCrossing(pool, severity)).toBeUndefined();
      }),
    );
  });

  it('gets never worse by a number that comes back', () => {
    const grade = (severity: PoolSeverity | null) => [null, 'WARNING', 'SEV1'].indexOf(severity);
    fc.assert(
      fc.property(sizes, before, ([available, total], was) => {
        const severity = poolSeverity(aPool(available, total), was);
        const better = poolSeverity(aPool(Math.min(available + 1, total), total), severity);
        expect(grade(better)).toBeLessThanOrEqual(grade(severity));
      }),
    );
  });

  it('never shows more than there is', () => {
    expect(remainingPercentOf(aPool(49_999, 1_000_000))).toBe(4.99);
    expect(remainingPercentOf(aPool(29, 100))).toBe(29);
    expect(remainingPercentOf(aPool(0, 0))).toBe(0);
    fc.assert(
      fc.property(sizes, ([available, total]) => {
        const shown = remainingPercentOf(aPool(available, total));
        expect(shown).toBeLessThanOrEqual((100 * available) / total + 1e-9);
        expect(shown).toBeGreaterThan((100 * available) / total - 0.011);
      }),
    );
  });
});

describe('the event of a crossing', () => {
  const told = (available: number, was: PoolSeverity | null) => {
    const event = poolCrossing(aPool(available, 1_000), was);
    if (!event) return undefined;
    const { severity, clearedSeverity } = event.data as Record<string, unknown>;
    return [event.type.replace('numbering.pool.', ''), severity, clearedSeverity];
  };

  it.each([
    [100, null, undefined],
    [40, null, ['exhausted', 'WARNING', undefined]],
    [40, 'WARNING', undefined],
    [5, 'WARNING', ['exhausted', 'SEV1', undefined]],
    [5, null, ['exhausted', 'SEV1', undefined]],
    [20, 'SEV1', ['recovered', 'WARNING', 'SEV1']],
    [100, 'SEV1', ['recovered', null, 'SEV1']],
    [100, 'WARNING', ['recovered', null, 'WARNING']],
  ] as const)('with %i of 1,000 left after %s is %j', (available, was, event) => {
    expect(told(available, was)).toEqual(event);
  });

  it('is keyed by the operator and says what is left and what to do', () => {
    expect(poolCrossing(aPool(49, 1_000), null)).toEqual({
      type: 'numbering.pool.exhausted',
      key: 'ROSHAN',
      data: {
        ...POOL,
        remaining: 49,
        remainingPercent: 4.9,
        severity: 'WARNING',
        runbook: 'docs/runbooks/mno-block-order.md',
      },
    });
  });

  it('sends short codes to the regulator and alpha IDs to nobody but ourselves', () => {
    expect(runbookOf({ ...POOL, identifierClass: 'SHORT_CODE' })).toMatch(/atra/);
    expect(runbookOf({ ...POOL, identifierClass: 'ALPHA' })).toMatch(/alpha/);
  });
});

describe('the projected exhaustion', () => {
  const outlook = (pool: CountedPool, earlier?: { at: Date; inUse: number }) =>
    poolOutlook(pool, NOON, PROJECTION_WINDOW_DAYS, earlier);

  it('goes by the consumption since the first import of a young pool', () => {
    expect(outlook(aPool(80, 100))).toEqual({
      projectedExhaustionAt: daysAfter(40),
      windowDays: 10,
    });
  });

  it('goes by the trailing 30 days of an older one', () => {
    const pool = aPool(60, 100, { firstImportAt: daysAfter(-400) });
    expect(outlook(pool, { at: daysAfter(-30), inUse: 10 })).toEqual({
      projectedExhaustionAt: daysAfter(60),
      windowDays: 30,
    });
  });

  it('does not look at counts of before a young pool', () => {
    const { windowDays } = outlook(aPool(80, 100), { at: daysAfter(-20), inUse: 15 });
    expect(windowDays).toBe(10);
  });

  it('goes by all there is where no earlier count was kept', () => {
    const pool = aPool(60, 100, { firstImportAt: daysAfter(-60) });
    expect(outlook(pool)).toEqual({ projectedExhaustionAt: daysAfter(90), windowDays: 60 });
  });

  it('takes a day for the shortest window', () => {
    const pool = aPool(90, 100, { firstImportAt: NOON });
    expect(outlook(pool)).toEqual({ projectedExhaustionAt: daysAfter(9), windowDays: 1 });
  });

  it('gives back what comes from quarantine before the end, and nothing that comes later', () => {
    const returning = aPool(70, 100, { leased: 20, quarantine: 10 });
    const due = (days: number) => [{ at: daysAfter(days), identifiers: 10 }];
    const endOf = (days: number) =>
      outlook({ ...returning, returns: due(days) }).projectedExhaustionAt;
    // 30 numbers in 10 days, so 70 last 70 / 3 days.
    expect(endOf(20)).toEqual(daysAfter(80 / 3));
    expect(endOf(25)).toEqual(daysAfter(70 / 3));
  });

  it('is never where nothing is consumed, or numbers come back, or centuries would go by', () => {
    expect(outlook(aPool(100, 100)).projectedExhaustionAt).toBeNull();
    const old = aPool(90, 100, { firstImportAt: daysAfter(-400) });
    expect(outlook(old, { at: daysAfter(-30), inUse: 20 }).projectedExhaustionAt).toBeNull();
    const vast = aPool(9_999_999, 10_000_000);
    expect(outlook(vast).projectedExhaustionAt).toBeNull();
  });

  it('is now where nothing is left', () => {
    expect(outlook(aPool(0, 100)).projectedExhaustionAt).toEqual(NOON);
  });

  const returns = fc.array(
    fc.record({
      at: fc.integer({ min: 1, max: 400 }).map((days) => daysAfter(days)),
      identifiers: fc.integer({ min: 1, max: 50 }),
    }),
    { maxLength: 20 },
  );

  it('is when consumption meets what was there and what has come back', () => {
    fc.assert(
      fc.property(sizes, returns, ([available, total], due) => {
        const quarantine = due.reduce((sum, { identifiers }) => sum + identifiers, 0);
        const pool = aPool(available, total, { quarantine, returns: due });
        const end = outlook(pool).projectedExhaustionAt;
        const consumedADay = inUseOf(pool) / 10;
        if (available === 0) return expect(end).toEqual(NOON);
        if (consumedADay === 0 || !end) return expect(end).toBeNull();
        const days = (end.getTime() - NOON.getTime()) / DAY_MS;
        const back = due.filter(({ at }) => at.getTime() <= end.getTime() + 1_000);
        const supply = back.reduce((sum, { identifiers }) => sum + identifiers, available);
        expect(Math.abs(supply - consumedADay * days)).toBeLessThan(0.01);
      }),
    );
  });

  it('comes no sooner for a number more', () => {
    fc.assert(
      fc.property(sizes, returns, ([available, total], due) => {
        const endOf = (more: number) =>
          outlook(aPool(available + more, total + more, { returns: due })).projectedExhaustionAt;
        const [end, later] = [endOf(0), endOf(1)];
        if (end === null) expect(later).toBeNull();
        else if (later) expect(later.getTime()).toBeGreaterThanOrEqual(end.getTime());
      }),
    );
  });
});

describe('a measurement is due', () => {
  const EVERY_MS = 30_000;
  const ago = (ms: number, tookMs = 10, nextValidFrom: Date | null = null) => ({
    now: NOON,
    hasNewBlocks: false,
    last: { measuredAt: new Date(NOON.getTime() - ms), tookMs, nextValidFrom },
  });

  it('where there was none, and by the clock', () => {
    expect(isMeasurementDue({ now: NOON, hasNewBlocks: false }, EVERY_MS)).toBe(true);
    expect(isMeasurementDue(ago(29_999), EVERY_MS)).toBe(false);
    expect(isMeasurementDue(ago(30_000), EVERY_MS)).toBe(true);
  });

  it('more rarely where it takes long: a twentieth of the time at most', () => {
    expect(isMeasurementDue(ago(79_999, 4_000), EVERY_MS)).toBe(false);
    expect(isMeasurementDue(ago(80_000, 4_000), EVERY_MS)).toBe(true);
  });

  it('at once after an import, a quarter of the time at most', () => {
    expect(isMeasurementDue({ ...ago(40), hasNewBlocks: true }, EVERY_MS)).toBe(true);
    expect(isMeasurementDue({ ...ago(39), hasNewBlocks: true }, EVERY_MS)).toBe(false);
  });

  it('when a number becomes valid', () => {
    expect(isMeasurementDue(ago(1_000, 10, NOON), EVERY_MS)).toBe(true);
    expect(isMeasurementDue(ago(1_000, 10, daysAfter(1)), EVERY_MS)).toBe(false);
  });
});
