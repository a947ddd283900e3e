import { mayActFor, mayWrite, type Caller } from './caller';
import type { TenantFacts } from './decision';
import { occupant, type NumberRecord } from './number-state';
import { refuse, type Refusal } from './refusal';

/** What the rules of reserve, hold, lease and release look at. `number` is as it counts now (see settle.ts). */
export interface ClaimContext {
  caller: Caller;
  tenantId: string | undefined;
  tenant: TenantFacts;
  number: NumberRecord;
  now: Date;
  barredUntil?: Date;
}

export const unknownIdentifier = (written: string): Refusal =>
  refuse('UNKNOWN_IDENTIFIER', `${written} is not in the ledger`);

export const callerMayWrite = ({ caller }: Pick<ClaimContext, 'caller'>) => mayWrite(caller);
type Acting = Pick<ClaimContext, 'caller' | 'tenantId'>;
export const callerMayActForTenant = ({ caller, tenantId }: Acting) => mayActFor(caller, tenantId);

export function tenantNotSuspended({ tenant }: Pick<ClaimContext, 'tenant'>): Refusal | undefined {
  if (tenant.status === 'ACTIVE') return undefined;
  return refuse('TENANT_SUSPENDED', 'The tenant is suspended: nothing new can be claimed');
}

export function operatorAllowed({ tenant, number }: ClaimContext): Refusal | undefined {
  const allowlist = tenant.operatorAllowlist;
  if (allowlist === null || allowlist.includes(number.operatorId)) return undefined;
  return refuse('OPERATOR_NOT_ALLOWED', `The tenant may not use numbers of ${number.operatorId}`, {
    operatorId: number.operatorId,
  });
}

/** Ruling 4: before `validFrom` nothing is reservable or leasable, bypass or not. */
export function validNow({ number, now }: ClaimContext): Refusal | undefined {
  if (number.validFrom === null || number.validFrom <= now) return undefined;
  const validFrom = number.validFrom.toISOString();
  return refuse('NOT_YET_VALID', `${number.identifier} is not in service before ${validFrom}`, {
    validFrom,
  });
}

/** Ruling 22: no permission bypasses the cool-down. */
export function notInQuarantine({ number }: ClaimContext): Refusal | undefined {
  if (number.state !== 'QUARANTINE') return undefined;
  const availableAt = number.availableAt.toISOString();
  return refuse(
    'QUARANTINE_ACTIVE',
    `${number.identifier} is in its cool-down until ${availableAt}`,
    {
      availableAt,
      state: 'QUARANTINE',
    },
  );
}

/** Ruling 22: who was recalled may not have it again before the original end, whoever released it meanwhile. */
export function notBarred({ barredUntil, now, number }: ClaimContext): Refusal | undefined {
  // In the cool-down itself everybody is told of it; what is retired comes back to nobody.
  if (number.state === 'QUARANTINE' || number.state === 'RETIRED') return undefined;
  if (barredUntil === undefined || barredUntil <= now) return undefined;
  const availableAt = barredUntil.toISOString();
  return refuse(
    'SELF_BYPASS_FORBIDDEN',
    `${number.identifier} was recalled from this tenant, which may not have it before ${availableAt}`,
    { availableAt },
  );
}

/** Whose a number is, for a refusal's sentence: another tenant is never named (ruling 18). */
export function whoseItIs(number: NumberRecord, tenantId: string | undefined): string {
  const owner = occupant(number);
  if (owner === undefined) return `${number.identifier} is nobody's (${number.state})`;
  const whose = owner === tenantId ? "this tenant's already" : "another tenant's";
  return `${number.identifier} is ${whose} (${number.state})`;
}

/** 409 with the state as it is; whose it is, is said only as "yours or not" (ruling 18). */
export const invalidState = (
  number: NumberRecord,
  tenantId: string | undefined,
  detail: string,
): Refusal =>
  refuse('INVALID_STATE', detail, {
    state: number.state,
    ownedByCaller: tenantId !== undefined && occupant(number) === tenantId,
  });

export const heldByOther = (number: NumberRecord): Refusal =>
  refuse('HELD_BY_OTHER_TENANT', whoseItIs(number, undefined), {
    state: number.state,
  });

export const alreadyLeased = (number: NumberRecord): Refusal =>
  refuse('ALREADY_LEASED', `${number.identifier} has a lease (${number.state})`, {
    state: number.state,
  });
