import { Injectable } from '@nestjs/common';
import { actingTenantId, hold, type Held, type ParsedIdentifier } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

/** US-NUM-008 */
@Injectable()
export class HoldNumber {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    askedTenantId?: string,
  ): Promise<Outcome<Held>> {
    const { caller } = context;
    const tenantId = actingTenantId(caller, askedTenantId);
    return this.transact.run({
      ...context,
      numbers: [number],
      tenantId,
      claims: true,
      decide: ({ numbers: [found], newLeaseId, ...facts }) =>
        hold(
          found?.number,
          { caller, tenantId, written: number.written },
          { ...facts, newLeaseId: newLeaseId() },
        ),
    });
  }
}
