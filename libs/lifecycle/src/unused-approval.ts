import type { LedgerRecord, StoredAttempt } from '@numbering/persistence';
import { counter, type Log } from '@numbering/platform';

type Unused = Pick<StoredAttempt, 'idempotencyKey' | 'leaseId' | 'question' | 'reference'>;

/**
 * Ruling 28, architecture "Cascade, renewal": billing approved a term that nothing can follow any more (the lease was
 * recalled, has expired, has another term). The audit row is what the money is given back by.
 */
export function unusedApproval(unused: Unused, at: Date): LedgerRecord {
  const { idempotencyKey, leaseId, question, reference } = unused;
  const { tenantId, identifier, effectiveFrom, effectiveUntil, price } = question;
  return {
    action: 'RENEW_APPROVAL_UNUSED',
    at,
    tenantId,
    leaseId,
    detail: {
      identifier,
      leaseId,
      reference,
      idempotencyKey,
      effectiveFrom,
      effectiveUntil,
      price,
    },
  };
}

/** The alert that goes with the audit row, once that is committed. */
export function alertUnused(log: Log, unused: readonly Unused[]): void {
  counter('num_renewal_approvals_unused_total').inc(unused.length);
  for (const { idempotencyKey, leaseId, question, reference } of unused) {
    const { tenantId, identifier } = question;
    log.error(
      { code: 'RENEW_APPROVAL_UNUSED', leaseId, tenantId, identifier, reference, idempotencyKey },
      'billing approved a renewal that cannot be made any more: have it given back',
    );
  }
}
