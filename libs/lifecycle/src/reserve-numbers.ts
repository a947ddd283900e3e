import { Injectable } from '@nestjs/common';
import {
  actingTenantId,
  isRefusal,
  parseIdentifier,
  reserveMany,
  type ParsedIdentifier,
  type Refusal,
  type ReserveManyResult,
} from '@numbering/domain';
import type { CommandContext, Outcome } from './outcome';
import { Transact, type DecisionInput } from './transact';

export interface ReserveNumbersAsk {
  /** As the caller wrote them; one that is no identifier is refused for itself. */
  identifiers: readonly string[];
  atomic: boolean;
  tenantId?: string;
}

/** US-NUM-007 in bulk: one transaction, an answer for each number, in order. */
@Injectable()
export class ReserveNumbers {
  constructor(private readonly transact: Transact) {}

  run(
    context: CommandContext,
    ask: ReserveNumbersAsk,
  ): Promise<Outcome<{ items: ReserveManyResult[] }>> {
    const { caller } = context;
    const tenantId = actingTenantId(caller, ask.tenantId);
    const read = ask.identifiers.map((written) => ({ written, parsed: parseIdentifier(written) }));
    const parsed = read.flatMap((each) => (isRefusal(each.parsed) ? [] : [each.parsed]));
    return this.transact.run({
      ...context,
      numbers: parsed,
      tenantId,
      claims: true,
      decide: ({ numbers, newLeaseId, ...facts }) => {
        const found = new Map(parsed.map((each, i) => [each.matchKey, numbers[i]]));
        const items = read.map((each) => itemOf(each, found, newLeaseId()));
        return reserveMany(items, { caller, tenantId, atomic: ask.atomic }, facts);
      },
    });
  }
}

type Found = DecisionInput['numbers'][number];

function itemOf(
  { written, parsed }: { written: string; parsed: ParsedIdentifier | Refusal },
  found: ReadonlyMap<string, Found>,
  newLeaseId: string,
) {
  if (isRefusal(parsed)) {
    return { written, name: written, number: undefined, unreadable: parsed, newLeaseId };
  }
  const { number, barredUntil } = found.get(parsed.matchKey) ?? {};
  const name = number?.identifier ?? parsed.written;
  return { written: parsed.written, name, number, barredUntil, newLeaseId };
}
