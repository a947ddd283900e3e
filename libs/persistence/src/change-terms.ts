import type { EntityManager } from 'typeorm';
import { leaseRow, madeLeases, of, type StepClaim } from './step-claims';

/**
 * One row a term (ruling 27): a lease's first has the lease's own id, each later one an id of its own and the row before
 * it as the prior one, which is unique: no term is followed by two.
 */
export async function recordTerms(
  manager: EntityManager,
  claims: readonly StepClaim[],
): Promise<void> {
  const rows = [
    ...madeLeases(claims).map(({ step, claim }) => ({
      ...leaseRow(claim.lease),
      identifier: step.after.identifier,
      recorded_at: step.after.changedAt,
    })),
    ...of(claims, 'RENEW').map(({ step, claim }) => ({
      ...leaseRow(claim.lease),
      lease_id: claim.lease.termId,
      prior_lease_id: claim.priorTermId,
      effective_from: claim.termFrom,
      identifier: step.after.identifier,
      recorded_at: step.after.changedAt,
    })),
  ];
  if (rows.length === 0) return;
  await manager.query(
    `INSERT INTO numbering.lease_history (lease_id, prior_lease_id, identifier, tenant_id,
                                          effective_from, effective_until, recorded_at)
     SELECT lease_id, prior_lease_id, identifier, tenant_id, effective_from, effective_until,
            recorded_at
       FROM jsonb_to_recordset($1::jsonb) AS r (
              lease_id uuid, prior_lease_id uuid, identifier text, tenant_id text,
              effective_from timestamptz, effective_until timestamptz, recorded_at timestamptz)`,
    [JSON.stringify(rows)],
  );
}

/** The last of several steps about one lease has all that it remembers. */
export async function keepRenewals(
  manager: EntityManager,
  claims: readonly StepClaim[],
): Promise<void> {
  const told = claims.flatMap(({ claim }) =>
    claim.kind === 'RENEW' || claim.kind === 'RENEWAL_TOLD' ? [claim] : [],
  );
  if (told.length === 0) return;
  const lastOf = new Map(told.map((claim) => [claim.lease.leaseId, claim]));
  const rows = [...lastOf.values()].map(({ kind, lease }) => ({
    lease_id: lease.leaseId,
    // An end that nobody moves stays as it stands, to the microsecond that an owner may have written.
    effective_until: kind === 'RENEW' ? lease.effectiveUntil : null,
    term_id: lease.termId,
    refusals: lease.renewalRefusals,
    refused_at: lease.refusedAt,
    skipped_at: lease.skippedAt,
    reminded_at: lease.remindedAt,
  }));
  await manager.query(
    `UPDATE numbering.leases l
        SET effective_until = coalesce(r.effective_until, l.effective_until),
            term_id = r.term_id,
            renewal_refusals = r.refusals,
            renewal_refused_at = r.refused_at,
            renewal_skipped_at = r.skipped_at,
            renewal_reminded_at = r.reminded_at
       FROM jsonb_to_recordset($1::jsonb) AS r (
              lease_id uuid, effective_until timestamptz, term_id uuid, refusals integer,
              refused_at timestamptz, skipped_at timestamptz, reminded_at timestamptz)
      WHERE l.lease_id = r.lease_id`,
    [JSON.stringify(rows)],
  );
}
