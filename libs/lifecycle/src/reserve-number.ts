import { Injectable } from '@nestjs/common';
import { actingTenantId, reserve, type ParsedIdentifier, type Reserved } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

/** US-NUM-007 */
@Injectable()
export class ReserveNumber {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    askedTenantId?: string,
  ): Promise<Outcome<Reserved>> {
    const { caller } = context;
    const tenantId = actingTenantId(caller, askedTenantId);
    return this.transact.run({
      ...context,
      numbers: [number],
      tenantId,
      claims: true,
      decide: ({ numbers: [found], newLeaseId, ...facts }) =>
        reserve(
          found?.number,
          { caller, tenantId, written: number.written },
          { ...facts, barredUntil: found?.barredUntil, newLeaseId: newLeaseId() },
        ),
    });
  }
}
