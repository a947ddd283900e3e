import { Injectable } from '@nestjs/common';
import { TenantStore } from '@numbering/persistence';
import { Inbound, saidAt, type InboundEvent } from './inbound';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { tenantView, type TenantView } from './tenant-view';

/** Ruling 25: ends a suspension, and a cascade that is still under way. What was recalled stays recalled. */
@Injectable()
export class ReinstateTenant {
  constructor(
    private readonly act: LedgerAct,
    private readonly tenants: TenantStore,
    private readonly inbound: Inbound,
  ) {}

  run(
    context: CommandContext,
    tenantId: string,
    event?: InboundEvent,
  ): Promise<Outcome<TenantView>> {
    return this.act.run<TenantView>(context, async (manager) => {
      await this.tenants.lock(manager, [tenantId]);
      const { standing: lastAt, now } = await this.tenants.changedAt(manager, tenantId);
      if (event && !(await this.inbound.isNews(manager, event, lastAt))) {
        const { facts } = await this.tenants.find(manager, tenantId);
        return { answer: tenantView(facts), records: [] };
      }
      const before = (await this.tenants.find(manager, tenantId)).facts;
      const at = saidAt(event, now);
      const change = { tenantId, suspensionId: null, cascade: false, at };
      const version = await this.tenants.setStanding(manager, change);
      const { facts } = await this.tenants.find(manager, tenantId);
      return {
        answer: tenantView(facts),
        records: [
          {
            action: 'TENANT_REINSTATE',
            at: now,
            tenantId,
            detail: { before: tenantView(before), after: tenantView(facts) },
            evicts: { subject: 'TENANT', key: tenantId, version },
          },
        ],
      };
    });
  }
}
