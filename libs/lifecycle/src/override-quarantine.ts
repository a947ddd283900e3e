import { Injectable } from '@nestjs/common';
import { overrideQuarantine, type NumberRecord, type ParsedIdentifier } from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact } from './transact';

/** US-NUM-006: an officer ends a cool-down early. */
@Injectable()
export class OverrideQuarantine {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    number: ParsedIdentifier,
    justification: string,
  ): Promise<Outcome<NumberRecord>> {
    const { caller } = context;
    return this.transact.run({
      ...context,
      numbers: [number],
      claims: false,
      decide: ({ numbers: [found], ...facts }) =>
        overrideQuarantine(
          found?.number,
          { caller, written: number.written, justification },
          facts,
        ),
    });
  }
}
