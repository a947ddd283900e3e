import type { Plan } from '@numbering/contracts';
import type { QuotaOverrides, Quotas, TenantFacts } from '@numbering/domain';
import type { FoundTenant, LedgerRecord } from '@numbering/persistence';

export interface TenantView {
  tenantId: string;
  plan: Plan;
  operatorAllowlist: readonly string[] | null;
  status: 'ACTIVE' | 'SUSPENDED';
}

export const tenantView = (tenant: TenantFacts): TenantView => ({
  tenantId: tenant.tenantId,
  plan: tenant.plan,
  operatorAllowlist: tenant.operatorAllowlist,
  status: tenant.status,
});

export type QuotasView = QuotaOverrides & { plan: Plan; effective: Quotas };

export const quotasView = (tenant: TenantFacts, own: QuotaOverrides): QuotasView => ({
  ...own,
  plan: tenant.plan,
  effective: tenant.quotas,
});

/** What a change of plan or of own quotas tells (ruling 31), and what copies of them are to be renewed with. */
export const quotasChanged = (
  { facts, own, quotaVersion }: FoundTenant,
  changedBy: string,
): Pick<LedgerRecord, 'event' | 'renews'> => {
  const { tenantId, plan, quotas } = facts;
  return {
    event: {
      type: 'numbering.quota.changed',
      key: tenantId,
      data: { tenantId, plan, effective: { ...quotas }, changedBy },
    },
    renews: { tenantId, version: quotaVersion, plan, own },
  };
};
