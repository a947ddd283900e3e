import { Injectable } from '@nestjs/common';
import type { RecallReason } from '@numbering/contracts';
import { recall, type ParsedIdentifier, type Recalled } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

export interface RecallNumberAsk {
  reason: RecallReason;
  actorId: string;
  ticketId?: string;
}

/** US-NUM-004 */
@Injectable()
export class RecallNumber {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    ask: RecallNumberAsk,
  ): Promise<Outcome<Recalled>> {
    return this.transact.run({
      ...context,
      numbers: [number],
      claims: false,
      decide: ({ numbers: [found], ...facts }) =>
        recall(found?.number, { ...ask, caller: context.caller, written: number.written }, facts),
    });
  }
}
