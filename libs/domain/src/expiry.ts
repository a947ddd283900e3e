import { endLease } from './end-lease';
import type { Facts } from './decision';
import { leaseEnd } from './grace';
import type { NumberRecord, Step } from './number-state';

/**
 * Ruling 29: a lease past its end (its grace's end, where it has one) expires; the cool-down counts from that end and
 * not from the run that found it (ruling 24).
 * @returns the steps, none where the lease is not due
 */
export function expire(number: NumberRecord, facts: Facts): Step[] {
  if (number.state !== 'LEASED' && number.state !== 'SUSPENDED') return [];
  const { lease } = number;
  const end = leaseEnd(lease, facts.policy);
  if (end > facts.now) return [];
  const ending = {
    cause: 'EXPIRY',
    leaseId: lease.leaseId,
    tenantId: lease.tenantId,
    reason: 'LEASE_EXPIRED',
  } as const;
  return endLease(number, ending, end, facts).steps;
}
