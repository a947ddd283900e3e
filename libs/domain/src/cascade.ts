import type { Facts } from './decision';
import { endLease } from './end-lease';
import { occupant, type NumberRecord, type Step } from './number-state';
import { giveBack } from './release';
import { lapse } from './settle';

/** A tenant's suspension that takes back what the tenant has (ruling 25). */
export interface Suspension {
  suspensionId: string;
  tenantId: string;
  /** The one ticket of everything that follows from it. */
  ticketId: string;
  /** Who suspended the tenant: the recalls are made in this name, which may not override them (ruling 22). */
  suspendedBy: string;
}

/**
 * US-NUM-004, ruling 25: what a suspension does to one number. A lease, suspended or not, is recalled for
 * COMPLIANCE_SUSPENSION, whatever the suspension's own reason, which is free text and stands in its audit row; a
 * reservation or hold is released, or has lapsed by itself.
 * @returns the steps, none where the tenant does not occupy the number (any more)
 */
export function cascade(
  number: NumberRecord,
  { tenantId, ticketId, suspendedBy }: Suspension,
  facts: Facts,
): readonly Step[] {
  if (occupant(number) !== tenantId) return [];
  switch (number.state) {
    case 'RESERVED':
    case 'HELD':
      return [
        lapse(number, facts) ??
          giveBack(number, { reason: 'TENANT_SUSPENDED', ticketId }, facts.now),
      ];
    case 'LEASED':
    case 'SUSPENDED': {
      const ending = {
        cause: 'RECALL',
        leaseId: number.lease.leaseId,
        tenantId,
        actorId: suspendedBy,
        callerSub: suspendedBy,
        reason: 'COMPLIANCE_SUSPENSION',
        ticketId,
      } as const;
      return endLease(number, ending, facts.now, facts).steps;
    }
    case 'AVAILABLE':
    case 'RECALLED':
    case 'EXPIRED':
    case 'QUARANTINE':
    case 'RETIRED':
      return [];
  }
}
