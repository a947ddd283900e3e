import { Injectable } from '@nestjs/common';
import { sameOverrides, type QuotaOverrides } from '@numbering/domain';
import { TenantStore } from '@numbering/persistence';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { quotasChanged, quotasView, type QuotasView } from './tenant-view';

/**
 * US-NUM-011: a tenant's own quotas; null: its plan's. Leases above a smaller quota are grandfathered. Setting what is
 * set already is an administrator's act, with its audit row, but no change, so no event.
 */
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
    return this.act.run(context, async (manager) => {
      await this.tenants.lock(manager, [tenantId]);
      const before = await this.tenants.find(manager, tenantId);
      const isChange = !sameOverrides(before.own, own);
      const changedBy = context.caller.sub;
      if (isChange) await this.tenants.setQuotas(manager, tenantId, own, changedBy);
      const after = isChange ? await this.tenants.find(manager, tenantId) : before;
      return {
        answer: quotasView(after.facts, own),
        records: [
          {
            action: 'QUOTA_CHANGE',
            // Read behind the lock: a change before this one is not to look later.
            at: after.now,
            tenantId,
            detail: { before: before.own, after: own },
            ...(isChange ? quotasChanged(after, changedBy) : {}),
          },
        ],
      };
    });
  }
}
