import type { IdentifierClass, LedgerEvent, Plan } from '@numbering/contracts';
import type { TenantFacts } from './decision';
import { DEFAULT_PLAN, PLAN_QUOTAS, type Quotas } from './policy';
import { refuse, type Refusal } from './refusal';

/** A tenant's own quotas; null: the plan's. */
export type QuotaOverrides = { [K in keyof Quotas]: number | null };

export const NO_OVERRIDES: QuotaOverrides = {
  MSISDN: null,
  SHORT_CODE: null,
  ALPHA: null,
  maxActiveReservations: null,
  maxHolds: null,
};

/** The plan's quotas, each beaten by the tenant's own where there is one (US-NUM-011). */
export function effectiveQuotas(plan: Plan, own: QuotaOverrides): Quotas {
  const ofPlan = PLAN_QUOTAS[plan];
  return {
    MSISDN: own.MSISDN ?? ofPlan.MSISDN,
    SHORT_CODE: own.SHORT_CODE ?? ofPlan.SHORT_CODE,
    ALPHA: own.ALPHA ?? ofPlan.ALPHA,
    maxActiveReservations: own.maxActiveReservations ?? ofPlan.maxActiveReservations,
    maxHolds: own.maxHolds ?? ofPlan.maxHolds,
  };
}

/** Whether two sets of a tenant's own quotas are the same: then there is nothing to tell (US-NUM-011). */
export const sameOverrides = (a: QuotaOverrides, b: QuotaOverrides): boolean =>
  (Object.keys(NO_OVERRIDES) as (keyof Quotas)[]).every((quota) => a[quota] === b[quota]);

/** A tenant at its first contact: the default plan, all operators, nothing used (rulings, "Words"). */
export const newTenant = (tenantId: string): TenantFacts => ({
  tenantId,
  plan: DEFAULT_PLAN,
  status: 'ACTIVE',
  operatorAllowlist: null,
  quotas: PLAN_QUOTAS[DEFAULT_PLAN],
  use: { leases: { MSISDN: 0, SHORT_CODE: 0, ALPHA: 0 }, activeReservations: 0, holds: 0 },
});

/** US-NUM-003, US-NUM-011: one more lease of this class must fit. Ruling 37 names the members. */
export function leaseQuota(tenant: TenantFacts, identifierClass: IdentifierClass) {
  const quota = tenant.quotas[identifierClass];
  const current = tenant.use.leases[identifierClass];
  if (current < quota) return undefined;
  return refuse('QUOTA_EXCEEDED', `The tenant leases ${current} of ${quota} ${identifierClass}`, {
    quota,
    current,
    currentCount: current,
    identifierClass,
  });
}

/** Ruling 30: a renewal above the quota goes through, with this warning. undefined where the leases fit. */
export function quotaWarning(
  { tenantId, quotas, use }: Pick<TenantFacts, 'tenantId' | 'quotas'> & QuotaUse,
  identifierClass: IdentifierClass,
): LedgerEvent | undefined {
  const [quota, current] = [quotas[identifierClass], use.leases[identifierClass]];
  if (current <= quota) return undefined;
  const data = { tenantId, identifierClass, quota, current };
  return { type: 'numbering.quota.exceeded', key: tenantId, data };
}

interface QuotaUse {
  use: Pick<TenantFacts['use'], 'leases'>;
}

/** US-NUM-007: reservations and holds together. */
export function reservationQuota(tenant: TenantFacts): Refusal | undefined {
  const quota = tenant.quotas.maxActiveReservations;
  const current = tenant.use.activeReservations;
  if (current < quota) return undefined;
  const detail = `The tenant has ${current} of ${quota} reservations and holds: lease or release one`;
  return refuse('RESERVATION_QUOTA', detail, { quota, current });
}

/** US-NUM-008: an extra cap on holds. */
export function holdQuota(tenant: TenantFacts): Refusal | undefined {
  const quota = tenant.quotas.maxHolds;
  const current = tenant.use.holds;
  if (current < quota) return undefined;
  const detail = `The tenant has ${current} of ${quota} holds: lease or release one`;
  return refuse('HOLD_QUOTA', detail, { quota, current });
}
