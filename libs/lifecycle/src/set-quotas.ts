import { Injectable } from '@nestjs/common';
import type { QuotaOverrides } from '@numbering/domain';
import { TenantStore } from '@numbering/persistence';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { quotasView, type QuotasView } from './tenant-view';

/** US-NUM-011: a tenant's own quotas; null: its plan's. Leases above a smaller quota are grandfathered. */
@Injectable()
export class SetQuotas {
  constructor(
    private readonly act: LedgerAct,
    private readonly tenants: TenantStore,
  ) {}

  run(
    context: CommandContext,
    tenantId: string,
    own: QuotaOverrides,
  ): Promise<Outcome<QuotasView>> {
    return this.act.run(context, async (manager, now) => {
      await this.tenants.lock(manager, [tenantId]);
      const before = await this.tenants.find(manager, tenantId);
      await this.tenants.setQuotas(manager, tenantId, own, context.caller.sub);
      const after = await this.tenants.find(manager, tenantId);
      const { plan, quotas } = after.facts;
      const changedBy = context.caller.sub;
      return {
        answer: quotasView(after.facts, own),
        records: [
          {
            action: 'QUOTA_CHANGE',
            at: now,
            tenantId,
            detail: { before: before.own, after: own },
            event: {
              type: 'numbering.quota.changed',
              key: tenantId,
              data: { tenantId, plan, effective: { ...quotas }, changedBy },
            },
          },
        ],
      };
    });
  }
}
