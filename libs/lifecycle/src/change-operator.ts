import { Injectable } from '@nestjs/common';
import { OperatorStore, type Operator } from '@numbering/persistence';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';

/** An operator's name and prefixes. Numbers that are in the ledger already stay as they are. */
@Injectable()
export class ChangeOperator {
  constructor(
    private readonly act: LedgerAct,
    private readonly operators: OperatorStore,
  ) {}

  run(context: CommandContext, asked: Operator): Promise<Outcome<Operator>> {
    return this.act.run<Operator>(context, async (manager, now) => {
      const operator = { ...asked, prefixes: [...new Set(asked.prefixes)] };
      const before = await this.operators.one(manager, operator.operatorId);
      await this.operators.put(manager, operator);
      const detail = { operatorId: operator.operatorId, before: before ?? null, after: operator };
      return { answer: operator, records: [{ action: 'OPERATOR_CHANGE', at: now, detail }] };
    });
  }
}
