import { Injectable } from '@nestjs/common';
import { retire, type NumberRecord, type ParsedIdentifier } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

export interface RetireNumberAsk {
  reason: string;
  ticketId?: string;
}

/** An admin withdraws a number for good (rulings, "Words"). */
@Injectable()
export class RetireNumber {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    ask: RetireNumberAsk,
  ): Promise<Outcome<NumberRecord>> {
    return this.transact.run({
      ...context,
      numbers: [number],
      claims: false,
      decide: ({ numbers: [found], ...facts }) =>
        retire(found?.number, { ...ask, written: number.written }, facts),
    });
  }
}
