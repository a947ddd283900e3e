import {
  alreadyLeased,
  callerMayActForTenant,
  callerMayWrite,
  heldByOther,
  invalidState,
  notBarred,
  notInQuarantine,
  operatorAllowed,
  tenantNotSuspended,
  unknownIdentifier,
  validNow,
  whoseItIs,
  type ClaimContext,
} from './claim-rules';
import { has, type Caller } from './caller';
import { firstRefusal, type ClaimFacts, type Decision, type Rule } from './decision';
import { NOTHING_TOLD, occupant, step, type Lease, type NumberRecord } from './number-state';
import type { Price } from './pricing';
import { leaseQuota } from './quota';
import { refuse, type Refusal } from './refusal';
import { settle } from './settle';
import { addTerm, type Term } from './term';

export interface LeaseAsk {
  caller: Caller;
  tenantId: string | undefined;
  written: string;
  term: Term;
  autoRenew: boolean;
  vanity: boolean;
}

export interface LeaseFacts extends ClaimFacts {
  /** What this lease costs the tenant; null where the price list has no such row. */
  price: Price | null;
}

export interface Leased {
  leaseId: string;
  identifier: string;
  state: 'LEASED';
  tenantId: string;
  effectiveFrom: Date;
  effectiveUntil: Date;
  autoRenew: boolean;
  vanity: boolean;
  price: Price | null;
}

/** US-NUM-003, US-NUM-012: the tenant's own RESERVED or HELD → LEASED; AVAILABLE too with the bypass permission. */
export function lease(
  found: NumberRecord | undefined,
  ask: LeaseAsk,
  facts: LeaseFacts,
): Decision<Leased> {
  if (!found) return unknownIdentifier(ask.written);
  const { number, steps } = settle(found, facts);
  const refusal = firstRefusal(LEASE_RULES, { ...ask, ...facts, number });
  if (refusal) return refusal;
  const isReserved = number.state === 'RESERVED' || number.state === 'HELD';
  const leaseId = isReserved ? number.claim.leaseId : facts.newLeaseId;
  const leased: Lease = {
    leaseId,
    termId: leaseId,
    tenantId: facts.tenant.tenantId,
    term: ask.term.written,
    effectiveFrom: facts.now,
    effectiveUntil: addTerm(facts.now, ask.term),
    autoRenew: ask.autoRenew,
    vanity: ask.vanity,
    renewalRefusals: 0,
    ...NOTHING_TOLD,
  };
  const { tenantId, effectiveFrom, effectiveUntil, autoRenew, vanity } = leased;
  const made = step(number, { state: 'LEASED', lease: leased }, facts.now, {
    action: 'LEASE',
    event: {
      type: 'numbering.lease.created',
      data: {
        effectiveFrom: effectiveFrom.toISOString(),
        effectiveUntil: effectiveUntil.toISOString(),
        autoRenew,
        vanity,
      },
    },
    tenantId,
    leaseId,
    detail: { term: leased.term, autoRenew, vanity, price: facts.price },
    claim: { kind: isReserved ? 'LEASE' : 'OPEN_LEASE', lease: leased },
  });
  return {
    steps: [...steps, made],
    answer: {
      leaseId,
      identifier: number.identifier,
      state: 'LEASED',
      tenantId,
      effectiveFrom,
      effectiveUntil,
      autoRenew,
      vanity,
      price: facts.price,
    },
  };
}

type LeaseContext = ClaimContext & { vanity: boolean };

/** US-NUM-012: a vanity lease wants an eligible short code. */
function vanityEligible({ vanity, number }: LeaseContext): Refusal | undefined {
  if (!vanity || (number.vanityEligible && number.identifierClass === 'SHORT_CODE'))
    return undefined;
  return refuse('NOT_VANITY_ELIGIBLE', `${number.identifier} is no vanity-eligible short code`);
}

/** Rulings 16 and 18. */
function isLeasable({ number, tenantId, caller }: LeaseContext): Refusal | undefined {
  const isOwn = occupant(number) === tenantId;
  switch (number.state) {
    case 'RESERVED':
    case 'HELD':
      return isOwn ? undefined : heldByOther(number);
    case 'LEASED':
    case 'SUSPENDED':
      return alreadyLeased(number);
    case 'AVAILABLE':
      return has(caller, 'numbering:lease:bypass')
        ? undefined
        : refuse('RESERVATION_REQUIRED', `Reserve ${number.identifier} before leasing it`, {
            state: number.state,
          });
    case 'RECALLED':
    case 'EXPIRED':
    case 'QUARANTINE':
    case 'RETIRED':
      return invalidState(number, tenantId, whoseItIs(number, tenantId));
  }
}

const leaseFits = ({ tenant, number }: LeaseContext) => leaseQuota(tenant, number.identifierClass);

const LEASE_RULES: readonly Rule<LeaseContext>[] = [
  callerMayWrite,
  callerMayActForTenant,
  tenantNotSuspended,
  operatorAllowed,
  notBarred,
  vanityEligible,
  notInQuarantine,
  validNow,
  isLeasable,
  leaseFits,
];
