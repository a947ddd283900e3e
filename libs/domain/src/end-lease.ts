import type { IdentifierEvent } from '@numbering/contracts';
import type { Facts } from './decision';
import { step, type Lease, type LeaseEnding, type NumberRecord, type Step } from './number-state';
import type { Policy } from './policy';

export interface EndedLease {
  steps: Step[];
  state: 'QUARANTINE' | 'AVAILABLE';
  availableAt: Date;
}

/**
 * Rulings 20, 24, 29: two steps. The lease ends (RECALLED or EXPIRED, passed through), then the number cools down, or
 * is available at once where its cool-down is nothing.
 * @param countedFrom where the cool-down begins: a recall's moment, an expired lease's end
 */
export function endLease(
  number: NumberRecord & { lease: Lease },
  ending: LeaseEnding,
  countedFrom: Date,
  facts: Facts,
): EndedLease {
  const { now, policy } = facts;
  const { lease } = number;
  const coolDown = coolDownMs(number, ending, policy);
  const availableAt = new Date(countedFrom.getTime() + coolDown);
  const about = {
    tenantId: lease.tenantId,
    leaseId: lease.leaseId,
    reason: ending.reason,
    ticketId: ending.ticketId,
  };
  const passing = ending.cause === 'RECALL' ? 'RECALLED' : 'EXPIRED';
  const ended = step(number, { state: passing, lease, ending }, now, {
    ...about,
    action: ending.cause === 'RECALL' ? 'RECALL' : 'EXPIRE',
    event: endEvent(lease, ending, availableAt),
    detail: ending.actorId === undefined ? undefined : { actorId: ending.actorId },
    claim: {
      kind: 'END',
      ...about,
      state: passing,
      wasLease: true,
      actorId: ending.actorId,
      callerSub: ending.callerSub,
    },
    bar: barOf(number, ending, coolDown, availableAt, facts),
  });
  const rested =
    coolDown > 0
      ? step(ended.after, { state: 'QUARANTINE', availableAt, ending }, now, {
          ...about,
          action: 'QUARANTINE',
          event: {
            type: 'numbering.identifier.quarantined',
            data: { availableAt: availableAt.toISOString() },
          },
          detail: { availableAt: availableAt.toISOString() },
        })
      : step(ended.after, { state: 'AVAILABLE' }, now, {
          ...about,
          action: 'QUARANTINE_END',
          event: { type: 'numbering.identifier.released', data: { reason: 'NO_COOL_DOWN' } },
        });
  return {
    steps: [ended, rested],
    state: coolDown > 0 ? 'QUARANTINE' : 'AVAILABLE',
    availableAt,
  };
}

/** Ruling 24: the vanity lease's year beats all, a reason's own cool-down beats the class's. */
export function coolDownMs(
  number: NumberRecord & { lease: Lease },
  ending: LeaseEnding,
  policy: Policy,
): number {
  if (number.lease.vanity) return policy.quarantineVanityMs;
  const byReason =
    ending.reason === 'LEASE_EXPIRED' ? undefined : policy.quarantineMsByReason[ending.reason];
  return byReason ?? policy.quarantineMs[number.identifierClass];
}

/** Rulings 20, 22, 29: a recalled tenant is barred for the cool-down; where there is none, for abuse, for 30 days. */
function barOf(
  number: NumberRecord & { lease: Lease },
  ending: LeaseEnding,
  coolDown: number,
  availableAt: Date,
  { now, policy }: Facts,
) {
  if (ending.cause === 'EXPIRY') return undefined;
  const { tenantId } = number.lease;
  if (coolDown > 0) return { tenantId, until: availableAt };
  if (ending.reason !== 'ABUSE' && ending.reason !== 'REGULATOR_ORDER') return undefined;
  return { tenantId, until: new Date(now.getTime() + policy.zeroCoolDownBarMs) };
}

function endEvent(lease: Lease, ending: LeaseEnding, availableAt: Date): IdentifierEvent {
  if (ending.reason === 'LEASE_EXPIRED' || ending.actorId === undefined) {
    const effectiveUntil = lease.effectiveUntil.toISOString();
    return { type: 'numbering.lease.expired', data: { effectiveUntil } };
  }
  const { reason, ticketId, actorId } = ending;
  return {
    type: 'numbering.lease.recalled',
    data: { reason, ticketId, actorId, availableAt: availableAt.toISOString() },
  };
}
