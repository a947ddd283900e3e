import { Injectable } from '@nestjs/common';
import { resume, type NumberRecord, type ParsedIdentifier } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

export interface ResumeLeaseAsk {
  reason: string;
  ticketId?: string;
}

/** Ruling 26: the way back. */
@Injectable()
export class ResumeLease {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    ask: ResumeLeaseAsk,
  ): Promise<Outcome<NumberRecord>> {
    return this.transact.run({
      ...context,
      numbers: [number],
      claims: false,
      decide: ({ numbers: [found], ...facts }) =>
        resume(found?.number, { ...ask, written: number.written }, facts),
    });
  }
}
