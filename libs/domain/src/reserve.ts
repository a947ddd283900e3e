import {
  callerMayActForTenant,
  callerMayWrite,
  invalidState,
  notBarred,
  notInQuarantine,
  operatorAllowed,
  whoseItIs,
  tenantNotSuspended,
  unknownIdentifier,
  validNow,
  type ClaimContext,
} from './claim-rules';
import type { Caller } from './caller';
import { firstRefusal, type ClaimFacts, type Decision, type Rule } from './decision';
import { step, type NumberRecord } from './number-state';
import { reservationQuota } from './quota';
import { isRefusal, refuse, type Refusal } from './refusal';
import { settle } from './settle';
import { useAfter } from './tenant-use';

export interface ReserveAsk {
  caller: Caller;
  tenantId: string | undefined;
  /** As the caller wrote it, for an unknown one. */
  written: string;
}

export interface Reserved {
  leaseId: string;
  identifier: string;
  state: 'RESERVED';
  expiresAt: Date;
}

/** US-NUM-007: AVAILABLE → RESERVED for `reserveTtlMs`. */
export function reserve(
  found: NumberRecord | undefined,
  ask: ReserveAsk,
  facts: ClaimFacts,
): Decision<Reserved> {
  if (!found) return unknownIdentifier(ask.written);
  const { number, steps } = settle(found, facts);
  const refusal = firstRefusal(RESERVE_RULES, { ...ask, ...facts, number });
  if (refusal) return refusal;
  const claim = {
    leaseId: facts.newLeaseId,
    tenantId: facts.tenant.tenantId,
    expiresAt: new Date(facts.now.getTime() + facts.policy.reserveTtlMs),
  };
  const reserved = step(number, { state: 'RESERVED', claim }, facts.now, {
    action: 'RESERVE',
    event: {
      type: 'numbering.reservation.held',
      data: { kind: 'RESERVE', expiresAt: claim.expiresAt.toISOString() },
    },
    tenantId: claim.tenantId,
    leaseId: claim.leaseId,
    claim: { kind: 'OPEN_RESERVATION', claim },
  });
  const { leaseId, expiresAt } = claim;
  return {
    steps: [...steps, reserved],
    answer: { leaseId, identifier: number.identifier, state: 'RESERVED', expiresAt },
  };
}

const isAvailable = ({ number, tenantId }: ClaimContext): Refusal | undefined =>
  number.state === 'AVAILABLE'
    ? undefined
    : invalidState(number, tenantId, whoseItIs(number, tenantId));

const reservationFits = ({ tenant }: ClaimContext) => reservationQuota(tenant);

/** In the order of ruling 17: permission, allowlist, state, quota. */
const RESERVE_RULES: readonly Rule<ClaimContext>[] = [
  callerMayWrite,
  callerMayActForTenant,
  tenantNotSuspended,
  operatorAllowed,
  notBarred,
  notInQuarantine,
  isAvailable,
  validNow,
  reservationFits,
];

export interface ReserveManyAsk {
  caller: Caller;
  tenantId: string | undefined;
  /** All, or the first refusal as the answer, with the number it is about. */
  atomic: boolean;
}

export interface ReserveManyItem {
  written: string;
  /** How the answer names it: as the ledger does, else as it was read. */
  name: string;
  number: NumberRecord | undefined;
  /** What the reading of it came to, where it was no identifier. */
  unreadable?: Refusal;
  newLeaseId: string;
  barredUntil?: Date;
}

export type ReserveManyResult =
  | { identifier: string; status: 'reserved'; leaseId: string; expiresAt: Date }
  | { identifier: string; status: 'refused'; code: string; state?: unknown };

/** Up to a hundred numbers in one transaction, each decided as a single call would, in their order. */
export function reserveMany(
  items: readonly ReserveManyItem[],
  ask: ReserveManyAsk,
  facts: Omit<ClaimFacts, 'newLeaseId' | 'barredUntil'>,
): Decision<{ items: ReserveManyResult[] }> {
  const whole = firstRefusal(RESERVE_MANY_RULES, { ...ask, ...facts });
  if (whole) return whole;
  const steps = [];
  const results: ReserveManyResult[] = [];
  const changed = new Map<string, NumberRecord>();
  let { tenant } = facts;
  for (const item of items) {
    const number = item.number && (changed.get(item.number.identifier) ?? item.number);
    const decision =
      item.unreadable ??
      reserve(number, { ...ask, written: item.written }, { ...facts, ...item, tenant });
    if (isRefusal(decision)) {
      const { code, detail, members } = decision;
      if (ask.atomic) return refuse(code, detail, { ...members, identifier: item.name });
      results.push({ identifier: item.name, status: 'refused', code, state: members.state });
      continue;
    }
    const { identifier, leaseId, expiresAt } = decision.answer;
    results.push({ identifier, status: 'reserved', leaseId, expiresAt });
    steps.push(...decision.steps);
    for (const each of decision.steps) changed.set(identifier, each.after);
    tenant = useAfter(tenant, decision.steps);
  }
  return { steps, answer: { items: results } };
}

/** What is refused whatever the numbers: the call as a whole. */
const RESERVE_MANY_RULES: readonly Rule<Omit<ClaimContext, 'number'>>[] = [
  callerMayWrite,
  callerMayActForTenant,
  tenantNotSuspended,
];
