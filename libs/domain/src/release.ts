import {
  callerMayActForTenant,
  callerMayWrite,
  invalidState,
  whoseItIs,
  unknownIdentifier,
  type ClaimContext,
} from './claim-rules';
import type { Caller } from './caller';
import { firstRefusal, type ClaimFacts, type Decision, type Rule } from './decision';
import { occupant, step, type NumberRecord, type Step } from './number-state';
import { refuse, type Refusal } from './refusal';
import { settle } from './settle';

export interface ReleaseAsk {
  caller: Caller;
  tenantId: string | undefined;
  written: string;
}

export interface Released {
  leaseId: string;
  identifier: string;
  state: 'AVAILABLE';
}

/** US-NUM-009: the tenant's own RESERVED or HELD → AVAILABLE. A suspended tenant may still give back. */
export function release(
  found: NumberRecord | undefined,
  ask: ReleaseAsk,
  facts: ClaimFacts,
): Decision<Released> {
  if (!found) return unknownIdentifier(ask.written);
  const { number } = settle(found, facts);
  const refusal = firstRefusal(RELEASE_RULES, { ...ask, ...facts, number });
  if (refusal) return refusal;
  if (number.state !== 'RESERVED' && number.state !== 'HELD') {
    throw new Error('RELEASE_RULES let through what is neither RESERVED nor HELD');
  }
  const released = giveBack(number, { reason: 'TENANT_RELEASE' }, facts.now);
  return {
    steps: [released],
    answer: { leaseId: number.claim.leaseId, identifier: number.identifier, state: 'AVAILABLE' },
  };
}

type Claimed = Extract<NumberRecord, { state: 'RESERVED' | 'HELD' }>;

/** The one step by which somebody, and not time, ends a reservation or hold. */
export function giveBack(
  number: Claimed,
  { reason, ticketId }: { reason: 'TENANT_RELEASE' | 'TENANT_SUSPENDED'; ticketId?: string },
  now: Date,
): Step {
  const about = { ...ownerOf(number), reason, ticketId };
  return step(number, { state: 'AVAILABLE' }, now, {
    ...about,
    action: 'RELEASE',
    event: { type: 'numbering.reservation.released', data: { reason } },
    claim: { kind: 'END', ...about, state: 'RELEASED', wasLease: false },
  });
}

const ownerOf = ({ claim: { leaseId, tenantId } }: Claimed) => ({ leaseId, tenantId });

/** Ruling 32: another's claim of any kind. */
function notAnothers({ number, tenantId }: ClaimContext): Refusal | undefined {
  const owner = occupant(number);
  if (owner === undefined || owner === tenantId) return undefined;
  return refuse(
    'NOT_OWNER',
    `${number.identifier} is another tenant's: only that tenant can release it`,
  );
}

function notLeased({ number }: ClaimContext): Refusal | undefined {
  if (number.state !== 'LEASED' && number.state !== 'SUSPENDED') return undefined;
  return refuse('USE_RECALL_FOR_LEASES', `${number.identifier} is leased: recall it instead`, {
    state: number.state,
  });
}

const isClaimed = ({ number, tenantId }: ClaimContext): Refusal | undefined =>
  number.state === 'RESERVED' || number.state === 'HELD'
    ? undefined
    : invalidState(number, tenantId, `${whoseItIs(number, tenantId)}: there is nothing to release`);

const RELEASE_RULES: readonly Rule<ClaimContext>[] = [
  callerMayWrite,
  callerMayActForTenant,
  notAnothers,
  notLeased,
  isClaimed,
];
