import type { Lease } from './number-state';
import type { Policy } from './policy';

/** What decides about a grace. */
export type GracedLease = Pick<
  Lease,
  'effectiveUntil' | 'autoRenew' | 'vanity' | 'renewalRefusals'
>;

/**
 * The end of a lease's grace, or undefined where it has none (rulings 28, 29). Never stored: it follows from the row.
 * Vanity with auto-renewal: 14 days. Auto-renewal that billing has not refused in this term: 24 hours.
 */
export function graceEnd(lease: GracedLease, policy: Policy): Date | undefined {
  if (!lease.autoRenew) return undefined;
  const end = lease.effectiveUntil.getTime();
  if (lease.vanity) return new Date(end + policy.vanityGraceMs);
  if (lease.renewalRefusals > 0) return undefined;
  return new Date(end + policy.renewalOutageGraceMs);
}

/** The first moment at which the lease is no longer valid. */
export const leaseEnd = (lease: GracedLease, policy: Policy): Date =>
  graceEnd(lease, policy) ?? lease.effectiveUntil;
