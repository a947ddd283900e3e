import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { TenantStore } from '@numbering/persistence';
import { Inbound, saidAt, type InboundEvent } from './inbound';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { tenantView, type TenantView } from './tenant-view';

export interface SuspendTenantAsk {
  /** Made up where an event brings none: the cascade stands under one ticket (ruling 25). */
  ticketId?: string;
  reason?: string;
  /** false: nothing is recalled, and `reinstate` gives everything back. */
  cascade: boolean;
  inbound?: InboundEvent;
}

/**
 * US-NUM-004, ruling 25: marks the tenant, in its own row, at once: validators say LEASE_SUSPENDED and nothing new is
 * claimed. What the tenant has is recalled by the worker afterwards, under the suspension's ticket.
 */
@Injectable()
export class SuspendTenant {
  constructor(
    private readonly act: LedgerAct,
    private readonly tenants: TenantStore,
    private readonly inbound: Inbound,
  ) {}

  run(
    context: CommandContext,
    tenantId: string,
    ask: SuspendTenantAsk,
  ): Promise<Outcome<TenantView>> {
    return this.act.run<TenantView>(context, async (manager) => {
      await this.tenants.lock(manager, [tenantId]);
      const { standing: lastAt, now } = await this.tenants.changedAt(manager, tenantId);
      if (ask.inbound && !(await this.inbound.isNews(manager, ask.inbound, lastAt))) {
        const { facts } = await this.tenants.find(manager, tenantId);
        return { answer: tenantView(facts), records: [] };
      }
      const before = (await this.tenants.find(manager, tenantId)).facts;
      const suspensionId = randomUUID();
      const ticketId = ask.ticketId ?? `SUSPENSION-${suspensionId}`;
      const { reason, cascade } = ask;
      const at = saidAt(ask.inbound, now);
      const suspendedBy = context.caller.sub;
      const change = { tenantId, suspensionId, ticketId, reason, suspendedBy, cascade, at };
      const version = await this.tenants.setStanding(manager, change);
      const { facts } = await this.tenants.find(manager, tenantId);
      return {
        answer: tenantView(facts),
        records: [
          {
            action: 'TENANT_SUSPEND',
            at: now,
            tenantId,
            reason,
            ticketId,
            detail: {
              cascade,
              suspensionId,
              before: tenantView(before),
              after: tenantView(facts),
            },
            evicts: { subject: 'TENANT', key: tenantId, version },
          },
        ],
      };
    });
  }
}
