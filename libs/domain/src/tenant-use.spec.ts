import {
  aNumber,
  aTenant,
  aTenantUser,
  aTerm,
  anOfficer,
  minutesAfter,
  restingIn,
  someFacts,
} from './builders.fixture';
import type { Decision } from './decision';
import { hold } from './hold';
import { lease } from './lease';
import type { NumberState } from './number-state';
import { recall } from './recall';
import { isRefusal } from './refusal';
import { release } from './release';
import { reserve } from './reserve';
import { suspend } from './suspend';
import { useAfter } from './tenant-use';

const caller = aTenantUser('mine', 'numbering:lease:bypass');
const ask = { caller, tenantId: 'mine', written: '+93791234567' };
const term = { term: aTerm(), autoRenew: false, vanity: false };
const recalled = {
  caller: anOfficer(),
  reason: 'ABUSE',
  actorId: 'officer-1',
  ticketId: 'T',
} as const;
const FULL = { leases: { MSISDN: 5, SHORT_CODE: 5, ALPHA: 5 }, activeReservations: 5, holds: 3 };

function stepsOf(decision: Decision<unknown>) {
  if (isRefusal(decision)) throw new Error(decision.detail);
  return decision.steps;
}

const from = (state: Exclude<NumberState, 'RECALLED' | 'EXPIRED'>) => restingIn(state);

describe('what a tenant uses after a step', () => {
  const facts = someFacts();
  const priced = { ...facts, price: null };
  const held = { reservations: 0, holds: 0, leases: 0 };
  it.each([
    ['a reservation', stepsOf(reserve(aNumber(), ask, facts)), { ...held, reservations: 1 }],
    ['a hold', stepsOf(hold(from('RESERVED'), ask, facts)), { ...held, holds: 1 }],
    [
      'release of a reservation',
      stepsOf(release(from('RESERVED'), ask, facts)),
      { ...held, reservations: -1 },
    ],
    [
      'release of a hold',
      stepsOf(release(from('HELD'), ask, facts)),
      { ...held, reservations: -1, holds: -1 },
    ],
    [
      'lease of a reservation',
      stepsOf(lease(from('RESERVED'), { ...ask, ...term }, priced)),
      { ...held, reservations: -1, leases: 1 },
    ],
    [
      'lease of a hold',
      stepsOf(lease(from('HELD'), { ...ask, ...term }, priced)),
      { reservations: -1, holds: -1, leases: 1 },
    ],
    [
      'lease with bypass',
      stepsOf(lease(aNumber(), { ...ask, ...term }, priced)),
      { ...held, leases: 1 },
    ],
    [
      'a recall',
      stepsOf(recall(from('LEASED'), { ...recalled, written: '' }, facts)),
      { ...held, leases: -1 },
    ],
    ['a suspension', stepsOf(suspend(from('LEASED'), { reason: 'x', written: '' }, facts)), held],
  ])('%s', (_what, steps, by) => {
    const { use } = useAfter(aTenant({ use: FULL }), steps);
    expect(use).toEqual({
      leases: { ...FULL.leases, MSISDN: FULL.leases.MSISDN + by.leases },
      activeReservations: FULL.activeReservations + by.reservations,
      holds: FULL.holds + by.holds,
    });
    const other = aTenant({ tenantId: 'other', use: FULL });
    expect(useAfter(other, steps)).toEqual(other);
  });

  it('does not give back a claim that lapsed, which counted no more', () => {
    const lapsed = aNumber({
      state: 'RESERVED',
      claim: { leaseId: 'lease-1', tenantId: 'mine', expiresAt: minutesAfter(-1) },
    });
    const steps = stepsOf(reserve(lapsed, ask, facts));
    expect(steps.map(({ action }) => action)).toEqual(['TTL_EXPIRE', 'RESERVE']);
    expect(useAfter(aTenant({ use: FULL }), steps).use.activeReservations).toBe(6);
  });
});
