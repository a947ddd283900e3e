import { Injectable } from '@nestjs/common';
import {
  actingTenantId,
  lease,
  priceOf,
  type Leased,
  type ParsedIdentifier,
  type Term,
} from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

export interface LeaseNumberAsk {
  tenantId: string;
  term: Term;
  autoRenew: boolean;
  vanity: boolean;
}

/** US-NUM-003, US-NUM-012 */
@Injectable()
export class LeaseNumber {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    ask: LeaseNumberAsk,
  ): Promise<Outcome<Leased>> {
    const { caller } = context;
    const tenantId = actingTenantId(caller, ask.tenantId);
    return this.transact.run({
      ...context,
      numbers: [number],
      tenantId,
      claims: true,
      decide: async ({ numbers: [found], newLeaseId, prices, ...facts }) => {
        const price = priceOf(
          await prices(),
          facts.tenant.plan,
          number.identifierClass,
          ask.vanity,
        );
        return lease(
          found?.number,
          { ...ask, caller, tenantId, written: number.written },
          { ...facts, price, barredUntil: found?.barredUntil, newLeaseId: newLeaseId() },
        );
      },
    });
  }
}
