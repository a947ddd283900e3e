import type { RecallReason } from '@numbering/contracts';
import { isOfficer, isSystemActor, mayWrite, type Caller } from './caller';
import { invalidState, unknownIdentifier } from './claim-rules';
import { firstRefusal, type Decision, type Facts, type Rule } from './decision';
import { endLease } from './end-lease';
import { occupant, type NumberRecord } from './number-state';
import { refuse, type Refusal } from './refusal';
import { settle } from './settle';

/** Reasons that a ticket must stand behind (ruling 21). */
export const REASONS_WITH_TICKET: readonly RecallReason[] = ['REGULATOR_ORDER', 'ABUSE'];

export interface RecallAsk {
  caller: Caller;
  written: string;
  reason: RecallReason;
  actorId: string;
  ticketId?: string;
}

export interface Recalled {
  leaseId: string;
  leaseState: 'RECALLED';
  identifier: string;
  state: 'QUARANTINE' | 'AVAILABLE';
  availableAt: Date;
}

/** Shape of the ask, before anything is looked up: regulator orders and abuse name a ticket. */
export const recallShape = ({ reason, ticketId }: Pick<RecallAsk, 'reason' | 'ticketId'>) =>
  REASONS_WITH_TICKET.includes(reason) && !ticketId?.trim()
    ? refuse('TICKET_REQUIRED', `A recall for ${reason} names its ticketId`)
    : undefined;

/** US-NUM-004: the lease ends, its number cools down (or is free at once, for a class without cool-down). */
export function recall(
  found: NumberRecord | undefined,
  ask: RecallAsk,
  facts: Facts,
): Decision<Recalled> {
  if (!found) return unknownIdentifier(ask.written);
  const { number } = settle(found, facts);
  const refusal = firstRefusal(RECALL_RULES, { ask, number });
  if (refusal) return refusal;
  if (number.state !== 'LEASED' && number.state !== 'SUSPENDED') {
    throw new Error('RECALL_RULES let through what is not leased');
  }
  const { leaseId, tenantId } = number.lease;
  const { reason, actorId, ticketId } = ask;
  const callerSub = ask.caller.sub;
  const ending = {
    cause: 'RECALL',
    leaseId,
    tenantId,
    actorId,
    callerSub,
    reason,
    ticketId,
  } as const;
  const { steps, state, availableAt } = endLease(number, ending, facts.now, facts);
  return {
    steps,
    answer: { leaseId, leaseState: 'RECALLED', identifier: number.identifier, state, availableAt },
  };
}

interface RecallContext {
  ask: RecallAsk;
  number: NumberRecord;
}

/** Ruling 21: officers for any reason; a tenant with write scope for TENANT_REQUEST alone. */
function mayRecall({ ask: { caller, reason } }: RecallContext): Refusal | undefined {
  if (isOfficer(caller)) return undefined;
  if (reason === 'TENANT_REQUEST') return mayWrite(caller);
  return refuse(
    'FORBIDDEN',
    `A recall for ${reason} needs numbering:admin or numbering:compliance`,
  );
}

function actorIsCaller({ ask: { caller, actorId } }: RecallContext): Refusal | undefined {
  if (actorId === caller.sub || isSystemActor(caller)) return undefined;
  return refuse('ACTOR_MISMATCH', "actorId is not the token's sub");
}

function isOwnLease({ ask: { caller }, number }: RecallContext): Refusal | undefined {
  if (number.state !== 'LEASED' && number.state !== 'SUSPENDED') return undefined;
  if (isOfficer(caller) || occupant(number) === caller.tenantId) return undefined;
  return refuse('NOT_OWNER', `${number.identifier} is not leased to this tenant`);
}

function isLeased({ ask: { caller }, number }: RecallContext): Refusal | undefined {
  if (number.state === 'LEASED' || number.state === 'SUSPENDED') return undefined;
  return invalidState(number, caller.tenantId, `${number.identifier} is ${number.state}: no lease`);
}

const RECALL_RULES: readonly Rule<RecallContext>[] = [
  mayRecall,
  actorIsCaller,
  isOwnLease,
  isLeased,
];
