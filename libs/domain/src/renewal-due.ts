import type { Facts, TenantFacts } from './decision';
import { graceEnd } from './grace';
import type { Lease, NumberRecord } from './number-state';
import type { Policy } from './policy';
import { isRefusal } from './refusal';
import { addTerm, parseTerm, type Term } from './term';

/** A number whose lease runs, suspended or not (ruling 26: a suspended lease is renewed as a leased one). */
export type RunningNumber = Extract<NumberRecord, { state: 'LEASED' | 'SUSPENDED' }>;

/** Of a lease's tenant: standing, quotas and how much it leases. */
export type RenewingTenant = Pick<TenantFacts, 'tenantId' | 'plan' | 'status' | 'quotas'> & {
  use: Pick<TenantFacts['use'], 'leases'>;
};

export interface RenewalFacts extends Facts {
  tenant: RenewingTenant;
}

/** Why billing is not asked about a lease now. */
export type NoQuestion =
  | 'NOT_LEASED'
  | 'NO_AUTO_RENEWAL'
  | 'NOT_DUE'
  | 'REFUSED_TO_ITS_END'
  | 'TENANT_SUSPENDED'
  | 'REFUSED_TODAY';

/**
 * US-NUM-005: whether billing is to be asked now to renew the number's lease.
 * @returns why not, or undefined where it is
 */
export function reasonNotToAsk(number: NumberRecord, facts: RenewalFacts): NoQuestion | undefined {
  if (!isRunning(number)) return 'NOT_LEASED';
  for (const rule of RULES_OF_ASKING) {
    const reason = rule(number.lease, facts);
    if (reason) return reason;
  }
  return undefined;
}

export const isRunning = (number: NumberRecord): number is RunningNumber =>
  number.state === 'LEASED' || number.state === 'SUSPENDED';

/** Ruling 27: the term as it was written, again from the old end; 31 January plus a month is the last of February. */
export const nextEnd = (lease: Lease): Date => addTerm(lease.effectiveUntil, termOf(lease));

/** Ruling 27: 7 days, or half the coming term where that is shorter. */
export const renewalWindowMs = (lease: Lease, policy: Policy): number =>
  Math.min(policy.renewalWindowMs, (nextEnd(lease).getTime() - lease.effectiveUntil.getTime()) / 2);

export const isSameUtcDay = (a: Date, b: Date): boolean => utcDay(a) === utcDay(b);

const utcDay = (moment: Date): string => moment.toISOString().slice(0, 10);

/** @throws where the ledger has a term that no lease could have been made with */
function termOf({ leaseId, term, vanity }: Lease): Term {
  const read = parseTerm(term, vanity);
  if (isRefusal(read)) throw new Error(`lease ${leaseId} has the term ${term}: ${read.detail}`);
  return read;
}

type RuleOfAsking = (lease: Lease, facts: RenewalFacts) => NoQuestion | undefined;

const renewsByItself: RuleOfAsking = ({ autoRenew }) => (autoRenew ? undefined : 'NO_AUTO_RENEWAL');

/** Ruling 28: from the window's beginning on, without an end: past its own end too, as long as it has not expired. */
const isDue: RuleOfAsking = (lease, { now, policy }) =>
  lease.effectiveUntil.getTime() - renewalWindowMs(lease, policy) <= now.getTime()
    ? undefined
    : 'NOT_DUE';

/** Ruling 28: after a refusal billing is asked again until the end (a vanity lease's grace included), not behind it. */
const notRefusedToItsEnd: RuleOfAsking = (lease, { now, policy }) =>
  lease.renewalRefusals > 0 && (graceEnd(lease, policy) ?? lease.effectiveUntil) <= now
    ? 'REFUSED_TO_ITS_END'
    : undefined;

/** Ruling 25: nothing of a suspended tenant is renewed until it is reinstated. */
const tenantIsActive: RuleOfAsking = (_, { tenant }) =>
  tenant.status === 'SUSPENDED' ? 'TENANT_SUSPENDED' : undefined;

/** Ruling 28: a definite refusal stands for its UTC day. */
const notRefusedToday: RuleOfAsking = ({ refusedAt }, { now }) =>
  refusedAt && isSameUtcDay(refusedAt, now) ? 'REFUSED_TODAY' : undefined;

const RULES_OF_ASKING: readonly RuleOfAsking[] = [
  renewsByItself,
  isDue,
  notRefusedToItsEnd,
  tenantIsActive,
  notRefusedToday,
];
