import type { ClaimChange, Lease, Step } from '@numbering/domain';

/** A step that changes a claim's row, and how. */
export interface StepClaim<K extends ClaimChange = ClaimChange> {
  step: Step;
  claim: K;
}

/** Those of one kind. */
export const of = <K extends ClaimChange['kind']>(
  claims: readonly StepClaim[],
  kind: K,
): StepClaim<Extract<ClaimChange, { kind: K }>>[] =>
  claims.filter(
    (each): each is StepClaim<Extract<ClaimChange, { kind: K }>> => each.claim.kind === kind,
  );

export const madeLeases = (claims: readonly StepClaim[]) => [
  ...of(claims, 'LEASE'),
  ...of(claims, 'OPEN_LEASE'),
];

export const leaseRow = (lease: Lease) => ({
  lease_id: lease.leaseId,
  tenant_id: lease.tenantId,
  effective_from: lease.effectiveFrom,
  effective_until: lease.effectiveUntil,
  auto_renew: lease.autoRenew,
  vanity: lease.vanity,
  term: lease.term,
});
