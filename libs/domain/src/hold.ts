import {
  alreadyLeased,
  callerMayActForTenant,
  callerMayWrite,
  heldByOther,
  invalidState,
  operatorAllowed,
  whoseItIs,
  tenantNotSuspended,
  unknownIdentifier,
  type ClaimContext,
} from './claim-rules';
import type { Caller } from './caller';
import { firstRefusal, type ClaimFacts, type Decision, type Rule } from './decision';
import { occupant, step, type NumberRecord } from './number-state';
import { holdQuota } from './quota';
import type { Refusal } from './refusal';
import { settle } from './settle';

export interface HoldAsk {
  caller: Caller;
  tenantId: string | undefined;
  written: string;
}

export interface Held {
  leaseId: string;
  identifier: string;
  state: 'HELD';
  expiresAt: Date;
}

/** US-NUM-008: the tenant's own RESERVED → HELD for `holdTtlMs`. */
export function hold(
  found: NumberRecord | undefined,
  ask: HoldAsk,
  facts: ClaimFacts,
): Decision<Held> {
  if (!found) return unknownIdentifier(ask.written);
  const { number } = settle(found, facts);
  const refusal = firstRefusal(HOLD_RULES, { ...ask, ...facts, number });
  if (refusal) return refusal;
  if (number.state !== 'RESERVED') throw new Error('HOLD_RULES let through what is not RESERVED');
  const claim = {
    ...number.claim,
    expiresAt: new Date(facts.now.getTime() + facts.policy.holdTtlMs),
  };
  const held = step(number, { state: 'HELD', claim }, facts.now, {
    action: 'HOLD',
    event: {
      type: 'numbering.reservation.held',
      data: { kind: 'HOLD', expiresAt: claim.expiresAt.toISOString() },
    },
    tenantId: claim.tenantId,
    leaseId: claim.leaseId,
    claim: { kind: 'HOLD', claim },
  });
  const { leaseId, expiresAt } = claim;
  return {
    steps: [held],
    answer: { leaseId, identifier: number.identifier, state: 'HELD', expiresAt },
  };
}

/** Ruling 32: the tenant's own reservation, nothing else. */
function isOwnReservation({ number, tenantId }: ClaimContext): Refusal | undefined {
  const isOwn = occupant(number) === tenantId;
  switch (number.state) {
    case 'RESERVED':
      return isOwn ? undefined : heldByOther(number);
    case 'HELD':
      return isOwn
        ? invalidState(number, tenantId, whoseItIs(number, tenantId))
        : heldByOther(number);
    case 'LEASED':
    case 'SUSPENDED':
      return alreadyLeased(number);
    case 'AVAILABLE':
      return invalidState(number, tenantId, `${whoseItIs(number, tenantId)}: reserve it first`);
    case 'RECALLED':
    case 'EXPIRED':
    case 'QUARANTINE':
    case 'RETIRED':
      return invalidState(
        number,
        tenantId,
        `${whoseItIs(number, tenantId)}: only a reservation can be held`,
      );
  }
}

const holdFits = ({ tenant }: ClaimContext) => holdQuota(tenant);

const HOLD_RULES: readonly Rule<ClaimContext>[] = [
  callerMayWrite,
  callerMayActForTenant,
  tenantNotSuspended,
  operatorAllowed,
  isOwnReservation,
  holdFits,
];
