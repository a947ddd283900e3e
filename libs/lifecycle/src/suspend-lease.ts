import { Injectable } from '@nestjs/common';
import { suspend, type NumberRecord, type ParsedIdentifier } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

export interface SuspendLeaseAsk {
  reason: string;
  ticketId?: string;
}

/** Ruling 26: an admin stops one lease for a while. */
@Injectable()
export class SuspendLease {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    ask: SuspendLeaseAsk,
  ): Promise<Outcome<NumberRecord>> {
    return this.transact.run({
      ...context,
      numbers: [number],
      claims: false,
      decide: ({ numbers: [found], ...facts }) =>
        suspend(found?.number, { ...ask, written: number.written }, facts),
    });
  }
}
