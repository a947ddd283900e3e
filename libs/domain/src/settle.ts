import type { Facts } from './decision';
import { step, type NumberRecord, type Step } from './number-state';

/**
 * Ruling 19: a reservation or hold past its time counts as lapsed, and a number past `availableAt` as available, in
 * every decision, whether or not a worker has come by. `settle` gives the number as it counts now, with the steps that
 * make it so; whoever claims next writes them first, the release engine and the sweep write them alone.
 */
export function settle(
  number: NumberRecord,
  facts: Facts,
): { number: NumberRecord; steps: Step[] } {
  const due = lapse(number, facts) ?? endCoolDown(number, facts);
  return due ? { number: due.after, steps: [due] } : { number, steps: [] };
}

/** US-NUM-010: the one rule by which a reservation or hold ends by itself. */
export function lapse(number: NumberRecord, { now }: Facts): Step | undefined {
  if (number.state !== 'RESERVED' && number.state !== 'HELD') return undefined;
  const { claim } = number;
  if (claim.expiresAt > now) return undefined;
  return step(number, { state: 'AVAILABLE' }, now, {
    action: 'TTL_EXPIRE',
    event: { type: 'numbering.reservation.released', data: { reason: 'TTL_EXPIRED' } },
    tenantId: claim.tenantId,
    leaseId: claim.leaseId,
    reason: 'TTL_EXPIRED',
    claim: {
      kind: 'END',
      leaseId: claim.leaseId,
      tenantId: claim.tenantId,
      state: 'TTL_EXPIRED',
      wasLease: false,
    },
  });
}

/** US-NUM-006: a cool-down is over at `availableAt`, that moment included. */
export function endCoolDown(number: NumberRecord, { now }: Facts): Step | undefined {
  if (number.state !== 'QUARANTINE' || number.availableAt > now) return undefined;
  return step(number, { state: 'AVAILABLE' }, now, {
    action: 'QUARANTINE_END',
    event: { type: 'numbering.identifier.released', data: { reason: 'COOL_DOWN_ENDED' } },
    reason: 'COOL_DOWN_ENDED',
  });
}
