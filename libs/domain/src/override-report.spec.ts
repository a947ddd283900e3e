import {
  dayCount,
  daysToReport,
  MAX_CAUGHT_UP_DAYS,
  nextReportAt,
  overrideReport,
  type ReportedOverride,
} from './override-report';

const override = (at: string): ReportedOverride => ({
  at: new Date(at),
  identifier: '4040',
  adminId: 'officer-1',
  justification: 'recalled by mistake',
  recallReason: 'ABUSE',
  ticketId: 'T-1',
  recalledTenantId: 'acme',
  nextTenantId: null,
  availableAt: new Date('2026-12-01T00:00:00.000Z'),
});

describe('the override report', () => {
  it('counts by UTC day, to the millisecond, and shows days without any', () => {
    const items = [
      override('2026-02-27T23:59:59.999Z'),
      override('2026-03-01T00:00:00.000Z'),
      override('2026-03-01T12:00:00.000Z'),
    ];
    expect(overrideReport({ from: '2026-02-27', to: '2026-03-01' }, items)).toEqual({
      from: '2026-02-27',
      to: '2026-03-01',
      count: 3,
      days: [
        { date: '2026-02-27', count: 1 },
        { date: '2026-02-28', count: 0 },
        { date: '2026-03-01', count: 2 },
      ],
      items,
    });
  });

  it.each([
    ['2026-01-31', '2026-01-31', 1],
    ['2026-01-31', '2026-02-01', 2],
    ['2028-01-01', '2028-12-31', 366],
    ['2026-02-01', '2026-01-31', 0],
  ])('from %s to %s has %d days', (from, to, days) => {
    expect(dayCount({ from, to })).toBe(days);
  });
});

describe('the days that the daily report is due for', () => {
  const at = (time: string) => new Date(`2026-03-02T${time}Z`);

  it.each([
    ['the day before, where none was ever sent', at('00:05:00.000'), undefined, ['2026-03-01']],
    ['none, where that was sent', at('23:59:59.999'), '2026-03-01', []],
    [
      'all that were missed',
      at('00:05:00'),
      '2026-02-26',
      ['2026-02-27', '2026-02-28', '2026-03-01'],
    ],
    ['not yet, within a minute of its end', at('00:00:59.999'), '2026-02-28', []],
    ['a minute after its end', at('00:01:00.000'), '2026-02-28', ['2026-03-01']],
    ['none, where a later one was sent', at('00:05:00'), '2026-03-05', []],
  ])('%s', (_, now, last, wanted) => {
    expect(daysToReport(now, last)).toEqual(wanted);
  });

  it('are bounded, and the newest of them', () => {
    const days = daysToReport(at('01:00:00'), '2020-01-01');
    expect([days.length, days.at(-1)]).toEqual([MAX_CAUGHT_UP_DAYS, '2026-03-01']);
  });

  it('come next a minute after midnight', () => {
    expect(nextReportAt(at('23:59:59.999')).toISOString()).toBe('2026-03-03T00:01:00.000Z');
    expect(nextReportAt(at('00:00:00.000')).toISOString()).toBe('2026-03-03T00:01:00.000Z');
  });
});
