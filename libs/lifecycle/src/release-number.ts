import { Injectable } from '@nestjs/common';
import { actingTenantId, release, type Released, type ParsedIdentifier } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

/** US-NUM-009 */
@Injectable()
export class ReleaseNumber {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    askedTenantId?: string,
  ): Promise<Outcome<Released>> {
    const { caller } = context;
    const tenantId = actingTenantId(caller, askedTenantId);
    return this.transact.run({
      ...context,
      numbers: [number],
      tenantId,
      claims: false,
      decide: ({ numbers: [found], newLeaseId, ...facts }) =>
        release(
          found?.number,
          { caller, tenantId, written: number.written },
          { ...facts, newLeaseId: newLeaseId() },
        ),
    });
  }
}
