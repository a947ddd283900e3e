import { Injectable } from '@nestjs/common';
import type { Plan } from '@numbering/contracts';
import { effectiveQuotas, type Quotas, type TenantUse } from '@numbering/domain';
import { DataSource } from 'typeorm';
import { QuotaCache } from './quota-cache';
import { TenantStore } from './tenant.store';

/** What a tenant may have, and what it has. */
export interface QuotasInUse {
  plan: Plan;
  quotas: Quotas;
  use: TenantUse;
}

/**
 * A tenant's quotas from their copy in Redis, and what it uses of them from Postgres, which says by the version whether
 * the copy still counts: nothing that was changed is ever shown as it was.
 */
@Injectable()
export class QuotaLookup {
  constructor(
    private readonly source: DataSource,
    private readonly tenants: TenantStore,
    private readonly cache: QuotaCache,
  ) {}

  async find(tenantId: string): Promise<QuotasInUse> {
    const { manager } = this.source;
    const [kept, { quotaVersion, use }] = await Promise.all([
      this.cache.read(tenantId),
      this.tenants.useOf(manager, tenantId),
    ]);
    if (kept?.version === quotaVersion) {
      return { plan: kept.plan, quotas: effectiveQuotas(kept.plan, kept.own), use };
    }
    const found = await this.tenants.find(manager, tenantId);
    const { plan, quotas, use: usedNow } = found.facts;
    await this.cache.keep({ tenantId, version: found.quotaVersion, plan, own: found.own });
    return { plan, quotas, use: usedNow };
  }
}
