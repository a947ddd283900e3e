import { Injectable } from '@nestjs/common';
import type { Plan } from '@numbering/contracts';
import { OperatorStore, TenantStore, type FoundTenant } from '@numbering/persistence';
import { Inbound, saidAt, type InboundEvent } from './inbound';
import { invalidField } from './invalid-field';
import { LedgerAct, type Act } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { quotasChanged, tenantView, type TenantView } from './tenant-view';

export interface ChangeTenantAsk {
  plan: Plan;
  /** null: all operators; []: none; left out: as it is. */
  operatorAllowlist?: string[] | null;
  /** Where another team's event asks. */
  inbound?: InboundEvent;
}

/** US-NUM-011: a tenant's plan and operator allowlist. Leases above a smaller quota are grandfathered. */
@Injectable()
export class ChangeTenant {
  constructor(
    private readonly act: LedgerAct,
    private readonly tenants: TenantStore,
    private readonly operators: OperatorStore,
    private readonly inbound: Inbound,
  ) {}

  run(
    context: CommandContext,
    tenantId: string,
    ask: ChangeTenantAsk,
  ): Promise<Outcome<TenantView>> {
    return this.act.run<TenantView>(context, async (manager) => {
      const known = new Set((await this.operators.list(manager)).map((each) => each.operatorId));
      const unknown = ask.operatorAllowlist?.find((operatorId) => !known.has(operatorId));
      if (unknown !== undefined) {
        const detail = `${unknown} is no operator`;
        return { refusal: invalidField('operatorAllowlist', 'UNKNOWN_OPERATOR', detail) };
      }
      await this.tenants.lock(manager, [tenantId]);
      const before = await this.tenants.find(manager, tenantId);
      const { plan: lastAt, now } = await this.tenants.changedAt(manager, tenantId);
      if (ask.inbound && !(await this.inbound.isNews(manager, ask.inbound, lastAt))) {
        return { answer: tenantView(before.facts), records: [] };
      }
      await this.tenants.setPlan(manager, { ...ask, tenantId, at: saidAt(ask.inbound, now) });
      const after = await this.tenants.find(manager, tenantId);
      return changed(before, after, now, context.caller.sub);
    });
  }
}

function changed(before: FoundTenant, after: FoundTenant, now: Date, actor: string) {
  const { tenantId, plan } = after.facts;
  const planChanged = before.facts.plan !== plan;
  return {
    answer: tenantView(after.facts),
    records: [
      {
        action: 'TENANT_CHANGE',
        at: now,
        tenantId,
        detail: { before: tenantView(before.facts), after: tenantView(after.facts) },
        ...(planChanged ? quotasChanged(after, actor) : {}),
      },
    ],
  } satisfies Act<TenantView>;
}
