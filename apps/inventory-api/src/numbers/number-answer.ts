import type { IdentifierClass } from '@numbering/contracts';
import {
  graceEnd,
  isOfficer,
  occupant,
  type Caller,
  type Lease,
  type NumberRecord,
  type Policy,
} from '@numbering/domain';

/** What `GET /v1/numbers/{identifier}` says of a number. */
export interface NumberAnswer {
  identifier: string;
  identifierClass: IdentifierClass;
  operatorId: string;
  vanityEligible: boolean;
  state: string;
  ownedByCaller: boolean;
  availableAt?: Date;
  validFrom?: Date;
  /** For the owner, an admin and a compliance officer only. */
  leaseId?: string;
  tenantId?: string;
  expiresAt?: Date;
  effectiveFrom?: Date;
  effectiveUntil?: Date;
  autoRenew?: boolean;
  vanity?: boolean;
  graceUntil?: Date;
}

export interface Onlooker {
  caller: Caller;
  /** Whose claims count as the caller's own; its token's tenant unless it acts for another. */
  tenantId?: string;
  now: Date;
  policy: Policy;
}

/**
 * The number as this caller may see it: another tenant's ids never leave the service (ruling 18).
 */
export function numberAnswer(number: NumberRecord, onlooker: Onlooker): NumberAnswer {
  const { identifier, identifierClass, operatorId, vanityEligible, state } = number;
  const { caller, tenantId = caller.tenantId } = onlooker;
  const ownedByCaller = tenantId !== undefined && occupant(number) === tenantId;
  return {
    identifier,
    identifierClass,
    operatorId,
    vanityEligible,
    state,
    ownedByCaller,
    ...(number.state === 'QUARANTINE' ? { availableAt: number.availableAt } : {}),
    ...(number.validFrom ? { validFrom: number.validFrom } : {}),
    ...(ownedByCaller || isOfficer(caller) ? ownersMembers(number, onlooker) : {}),
  };
}

function ownersMembers(number: NumberRecord, onlooker: Onlooker): Partial<NumberAnswer> {
  switch (number.state) {
    case 'RESERVED':
    case 'HELD':
      return number.claim;
    case 'LEASED':
    case 'SUSPENDED':
      return leaseMembers(number.lease, onlooker);
    case 'AVAILABLE':
    case 'RECALLED':
    case 'EXPIRED':
    case 'QUARANTINE':
    case 'RETIRED':
      return {};
  }
}

function leaseMembers(lease: Lease, { now, policy }: Onlooker): Partial<NumberAnswer> {
  const { leaseId, tenantId, effectiveFrom, effectiveUntil, autoRenew, vanity } = lease;
  const grace = now >= effectiveUntil ? graceEnd(lease, policy) : undefined;
  return {
    leaseId,
    tenantId,
    effectiveFrom,
    effectiveUntil,
    autoRenew,
    vanity,
    ...(grace ? { graceUntil: grace } : {}),
  };
}

const MOMENTS = new Set([
  'validFrom',
  'changedAt',
  'expiresAt',
  'effectiveFrom',
  'effectiveUntil',
  'availableAt',
]);

/**
 * A command's answer as the number is shown; one that was kept under its key has its times as text.
 */
export function changedNumber(caller: Caller, policy: Policy) {
  return (kept: NumberRecord): NumberAnswer => {
    const number = JSON.parse(JSON.stringify(kept), (name, value: unknown) =>
      MOMENTS.has(name) && typeof value === 'string' ? new Date(value) : value,
    ) as NumberRecord;
    return numberAnswer(number, { caller, now: number.changedAt, policy });
  };
}
