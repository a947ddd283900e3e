import type { IdentifierEvent, RenewalQuestion } from '@numbering/contracts';
import { graceEnd } from './grace';
import { NOTHING_TOLD, step, type Lease, type NumberRecord, type Step } from './number-state';
import { DAY_MS } from './policy';
import type { Price } from './pricing';
import {
  isRunning,
  isSameUtcDay,
  nextEnd,
  reasonNotToAsk,
  type NoQuestion,
  type RenewalFacts,
  type RunningNumber,
} from './renewal-due';

/** What a renewal run does about a number before it asks anybody. */
export type RenewalTurn =
  | { ask: RenewalAttempt }
  /** Billing is not asked; what is to be told of it, once a day. */
  | { ask?: undefined; why: NoQuestion; steps: readonly Step[] };

/** One question to billing about one term of a lease; its key changes with each definite refusal alone (ruling 28). */
export interface RenewalAttempt {
  idempotencyKey: string;
  leaseId: string;
  termId: string;
  refusalsBefore: number;
  question: RenewalQuestion;
}

/** NONE: no answer that counts; it may have been approved all the same, so it is asked again under its key. */
export type BillingAnswer =
  { kind: 'APPROVED'; reference: string | null } | { kind: 'REJECTED' } | { kind: 'NONE' };

/** What an answer came to. */
export interface RenewalOutcome {
  kind: 'RENEWED' | 'REJECTED' | 'UNANSWERED' | 'KEPT' | 'UNUSABLE' | 'OVER';
  steps: readonly Step[];
}

/** US-NUM-005: asks billing, or tells why not. `price` is what the tenant's plan pays for such a lease. */
export function renewalTurn(
  number: NumberRecord,
  facts: RenewalFacts & { price: Price | null },
): RenewalTurn {
  const why = reasonNotToAsk(number, facts);
  if (!isRunning(number)) return { why: 'NOT_LEASED', steps: [] };
  if (why === undefined) return { ask: attemptOf(number, facts.price) };
  const skipped = why === 'TENANT_SUSPENDED' ? skip(number, facts) : [];
  return { why, steps: [...skipped, ...remind(skipped.at(-1)?.after ?? number, facts)] };
}

/**
 * What billing's answer comes to, decided on the number as it is when the answer is there.
 * RENEWED: a term more. REJECTED, UNANSWERED: told, and reminded of the grace. KEPT: approved, but the tenant has been
 * suspended meanwhile; the approval waits for its reinstatement. UNUSABLE: approved, but there is no such term to
 * follow any more. OVER: no approval, and nothing left to renew.
 * @param facts.newTermId of the term's row in the history
 */
export function settleRenewal(
  number: RunningNumber,
  attempt: Pick<RenewalAttempt, 'leaseId' | 'termId'>,
  answer: BillingAnswer,
  facts: RenewalFacts & { newTermId: string },
): RenewalOutcome {
  if (!isAbout(attempt, number.lease)) return nothingToRenew(answer);
  switch (answer.kind) {
    case 'APPROVED': {
      if (facts.tenant.status === 'SUSPENDED') return { kind: 'KEPT', steps: skip(number, facts) };
      return { kind: 'RENEWED', steps: [renew(number, answer.reference, facts)] };
    }
    case 'REJECTED': {
      const refused = refuseRenewal(number, facts);
      return { kind: 'REJECTED', steps: [refused, ...remind(refused.after, facts)] };
    }
    case 'NONE':
      return { kind: 'UNANSWERED', steps: remind(number, facts) };
  }
}

/** What it comes to where the lease has ended or has another term. */
export const nothingToRenew = (answer: BillingAnswer): RenewalOutcome => ({
  kind: answer.kind === 'APPROVED' ? 'UNUSABLE' : 'OVER',
  steps: [],
});

const isAbout = (attempt: Pick<RenewalAttempt, 'leaseId' | 'termId'>, lease: Lease): boolean =>
  attempt.leaseId === lease.leaseId && attempt.termId === lease.termId;

function attemptOf(number: RunningNumber, price: Price | null): RenewalAttempt {
  const { lease, identifier, identifierClass } = number;
  const { leaseId, termId, renewalRefusals: refusalsBefore, tenantId, vanity, term } = lease;
  return {
    idempotencyKey: `${leaseId}:${termId}:${refusalsBefore}`,
    leaseId,
    termId,
    refusalsBefore,
    question: {
      leaseId,
      tenantId,
      identifier,
      identifierClass,
      vanity,
      term,
      effectiveFrom: lease.effectiveUntil.toISOString(),
      effectiveUntil: nextEnd(lease).toISOString(),
      price,
    },
  };
}

/** Ruling 27: a term more, from the old end; whoever holds the lease holds it on, suspended or not. */
function renew(
  number: RunningNumber,
  reference: string | null,
  { now, newTermId }: RenewalFacts & { newTermId: string },
): Step {
  const { lease } = number;
  const effectiveUntil = nextEnd(lease);
  const renewed = {
    ...lease,
    ...NOTHING_TOLD,
    termId: newTermId,
    effectiveUntil,
    renewalRefusals: 0,
  };
  const ids = { historyLeaseId: newTermId, priorLeaseId: lease.termId };
  const until = effectiveUntil.toISOString();
  return {
    ...keeping(number, renewed, now, {
      action: 'RENEW',
      event: { type: 'numbering.lease.renewed', data: { ...ids, effectiveUntil: until } },
      detail: {
        term: lease.term,
        effectiveFrom: lease.effectiveUntil.toISOString(),
        effectiveUntil: until,
        ...ids,
        reference,
      },
    }),
    claim: {
      kind: 'RENEW',
      lease: renewed,
      priorTermId: lease.termId,
      termFrom: lease.effectiveUntil,
    },
  };
}

/** Ruling 28: counted, because each refusal makes the next question a new one, and ends the outage grace. */
function refuseRenewal(number: RunningNumber, facts: RenewalFacts): Step {
  const { lease } = number;
  const refused = { ...lease, renewalRefusals: lease.renewalRefusals + 1, refusedAt: facts.now };
  return failing(number, refused, 'BILLING_REJECTED', facts);
}

/** Ruling 30: once a UTC day. */
function skip(number: RunningNumber, facts: RenewalFacts): Step[] {
  const { lease } = number;
  if (lease.skippedAt && isSameUtcDay(lease.skippedAt, facts.now)) return [];
  return [failing(number, { ...lease, skippedAt: facts.now }, 'TENANT_SUSPENDED', facts)];
}

/** Ruling 29: an auto-renewing vanity lease in its grace, once a UTC day. */
function remind(number: NumberRecord, { now, policy }: RenewalFacts): Step[] {
  if (!isRunning(number) || !number.lease.vanity) return [];
  const { lease } = number;
  const graceUntil = graceEnd(lease, policy);
  if (!graceUntil || now < lease.effectiveUntil || now >= graceUntil) return [];
  if (lease.remindedAt && isSameUtcDay(lease.remindedAt, now)) return [];
  const daysLeft = Math.ceil((graceUntil.getTime() - now.getTime()) / DAY_MS);
  const data = { graceUntil: graceUntil.toISOString(), daysLeft };
  return [
    keeping(number, { ...lease, remindedAt: now }, now, {
      action: 'RENEW_REMIND',
      event: { type: 'numbering.lease.renewal_reminder', data },
      detail: data,
    }),
  ];
}

function failing(
  number: RunningNumber,
  lease: Lease,
  reason: 'BILLING_REJECTED' | 'TENANT_SUSPENDED',
  { now, policy }: RenewalFacts,
): Step {
  const graceUntil = graceEnd(lease, policy)?.toISOString();
  return keeping(number, lease, now, {
    action: 'RENEW_FAIL',
    event: {
      type: 'numbering.lease.renewal_failed',
      data: graceUntil === undefined ? { reason } : { reason, graceUntil },
    },
    reason,
    detail: graceUntil === undefined ? undefined : { graceUntil },
  });
}

/** A version that moves the number nowhere (ruling 43). */
function keeping(
  number: RunningNumber,
  lease: Lease,
  now: Date,
  of: {
    action: 'RENEW' | 'RENEW_FAIL' | 'RENEW_REMIND';
    event: IdentifierEvent;
    reason?: string;
    detail?: Readonly<Record<string, unknown>>;
  },
): Step {
  return step(number, { state: number.state, lease }, now, {
    ...of,
    tenantId: lease.tenantId,
    leaseId: lease.leaseId,
    claim: { kind: 'RENEWAL_TOLD', lease },
  });
}
