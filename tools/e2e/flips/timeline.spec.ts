import { judgeTold, Timeline, type NumberStanding, type TenantState } from './timeline.fixture';

const active = () => new Timeline<TenantState>('ACTIVE');
const leased: NumberStanding = { state: 'LEASED', tenantId: 'a', leaseId: 'l-1' };

/** Leased from 100 on, recalled by a call from 1,000 to 1,020. */
function recalledNumber(): Timeline<NumberStanding> {
  const number = new Timeline<NumberStanding>({ state: 'AVAILABLE' });
  number.call(leased, 100).answeredAtMs = 120;
  number.call({ state: 'QUARANTINE' }, 1_000).answeredAtMs = 1_020;
  return number;
}

const answer = (reason: string, askedAtMs: number, leaseId = '') => ({
  identifier: '+93790000001',
  tenantId: 'a',
  reason,
  leaseId,
  askedAtMs,
  toldAtMs: askedAtMs + 5,
});

describe('what the flips’ judge makes of an answer', () => {
  it.each([
    ['true before', answer('', 900, 'l-1'), 0],
    ['true while the recall is under way, as its opposite is', answer('', 1_010, 'l-1'), 0],
    ['the opposite', answer('LEASE_RECALLED', 1_010), 0],
    ['480 ms old', answer('', 1_500, 'l-1'), 480],
    ['older than the promise', answer('', 2_021, 'l-1'), 1_001],
    ['of a lease that never was', answer('', 1_500, 'l-2'), Infinity],
    ['of the future', answer('LEASE_RECALLED', 990), Infinity],
    ['another’s number, which it never was', answer('WRONG_TENANT', 1_500), Infinity],
  ])('%s', (_, told, staleMs) => {
    expect(judgeTold(told, recalledNumber(), active(), 0).staleMs).toBe(staleMs);
  });

  it('sees a validator go back behind what it has answered from', () => {
    const number = recalledNumber();
    const first = judgeTold(answer('LEASE_RECALLED', 1_010), number, active(), 0);
    expect(first.seen).toBe(2);
    expect(judgeTold(answer('', 1_012, 'l-1'), number, active(), 2).seen).toBeUndefined();
    // From the oldest that fits on: NOT_LEASED was true of the first standing alone.
    expect(judgeTold(answer('NOT_LEASED', 110), number, active(), 0).seen).toBe(0);
  });

  it('takes a tenant’s standing into account, with a window of its own', () => {
    const tenant = active();
    tenant.call('SUSPENDED', 500).answeredAtMs = 510;
    const number = recalledNumber();
    expect(judgeTold(answer('LEASE_SUSPENDED', 700, 'l-1'), number, tenant, 0).staleMs).toBe(0);
    expect(judgeTold(answer('', 700, 'l-1'), number, tenant, 0).staleMs).toBe(190);
  });

  it('keeps of each standing how long it outlived its end', () => {
    const number = recalledNumber();
    judgeTold(answer('', 1_100, 'l-1'), number, active(), 0);
    judgeTold(answer('', 1_050, 'l-1'), number, active(), 0);
    expect(number.standings.map(({ outlivedByMs }) => outlivedByMs)).toEqual([0, 80, 0]);
  });
});
