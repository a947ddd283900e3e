import type { Caller } from './caller';
import type { ClaimFacts, TenantFacts } from './decision';
import {
  NOTHING_TOLD,
  type Lease,
  type NumberRecord,
  type NumberStanding,
  type NumberState,
} from './number-state';
import { DAY_MS, DEFAULT_POLICY, MINUTE_MS, PLAN_QUOTAS } from './policy';
import { parseTerm, type Term } from './term';
import { isRefusal } from './refusal';

/** Builders for tests, named after the situation. */
export const NOON = new Date('2026-06-01T12:00:00.000Z');

export const minutesAfter = (minutes: number, from = NOON): Date =>
  new Date(from.getTime() + minutes * MINUTE_MS);
export const daysAfter = (days: number, from = NOON): Date =>
  new Date(from.getTime() + days * DAY_MS);

export function aNumber(
  standing: NumberStanding = { state: 'AVAILABLE' },
  identity: Partial<NumberRecord> = {},
): NumberRecord {
  return {
    identifier: '+93791234567',
    identifierClass: 'MSISDN',
    operatorId: 'ROSHAN',
    vanityEligible: false,
    validFrom: null,
    version: 7,
    changedAt: minutesAfter(-60),
    ...identity,
    ...standing,
  } as NumberRecord;
}

export const aClaim = (tenantId = 'mine', expiresAt = minutesAfter(10)) => ({
  leaseId: 'lease-1',
  tenantId,
  expiresAt,
});

export const aLease = (tenantId = 'mine', more: Partial<Lease> = {}): Lease => ({
  leaseId: 'lease-1',
  termId: 'lease-1',
  tenantId,
  term: '30d',
  effectiveFrom: daysAfter(-10),
  effectiveUntil: daysAfter(20),
  autoRenew: false,
  vanity: false,
  renewalRefusals: 0,
  ...NOTHING_TOLD,
  ...more,
});

const ENDING = {
  cause: 'RECALL',
  leaseId: 'lease-0',
  tenantId: 'mine',
  actorId: 'admin-1',
  reason: 'ABUSE',
  ticketId: 'T-1',
} as const;

/** A number of each state that is at rest, held by `tenantId` where somebody holds it. */
export function restingIn(
  state: Exclude<NumberState, 'RECALLED' | 'EXPIRED'>,
  tenantId = 'mine',
): NumberRecord {
  switch (state) {
    case 'AVAILABLE':
    case 'RETIRED':
      return aNumber({ state });
    case 'RESERVED':
    case 'HELD':
      return aNumber({ state, claim: aClaim(tenantId) });
    case 'LEASED':
    case 'SUSPENDED':
      return aNumber({ state, lease: aLease(tenantId) });
    case 'QUARANTINE':
      return aNumber({ state, availableAt: daysAfter(30), ending: ENDING });
  }
}

export const aTenant = (more: Partial<TenantFacts> = {}): TenantFacts => ({
  tenantId: 'mine',
  plan: 'starter',
  status: 'ACTIVE',
  operatorAllowlist: null,
  quotas: PLAN_QUOTAS.starter,
  use: { leases: { MSISDN: 0, SHORT_CODE: 0, ALPHA: 0 }, activeReservations: 0, holds: 0 },
  ...more,
});

export const someFacts = (more: Partial<ClaimFacts> = {}): ClaimFacts => ({
  now: NOON,
  policy: DEFAULT_POLICY,
  tenant: aTenant(),
  newLeaseId: 'lease-new',
  ...more,
});

export const aTenantUser = (tenantId = 'mine', ...more: string[]): Caller => ({
  sub: `user-of-${tenantId}`,
  tenantId,
  scopes: new Set(['numbering:read', 'numbering:write', ...more]),
});

export const anOfficer = (sub = 'officer-1'): Caller => ({
  sub,
  scopes: new Set(['numbering:read', 'numbering:admin', 'numbering:compliance']),
});

export function aTerm(written = '30d', vanity = false): Term {
  const term = parseTerm(written, vanity);
  if (isRefusal(term)) throw new Error(term.detail);
  return term;
}
