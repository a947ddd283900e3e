import type { Plan } from '@numbering/contracts';
import type { QuotaOverrides, Quotas, TenantFacts } from '@numbering/domain';

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
