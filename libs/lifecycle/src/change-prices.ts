import { Injectable } from '@nestjs/common';
import { priceKey, type PriceRow } from '@numbering/domain';
import { PriceStore } from '@numbering/persistence';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';

/**
 * US-NUM-014: sets the prices that are named and leaves the others, so that no plan loses its price by omission. What
 * was leased before keeps the price it was leased at.
 */
@Injectable()
export class ChangePrices {
  constructor(
    private readonly act: LedgerAct,
    private readonly prices: PriceStore,
  ) {}

  /** @returns the whole list after it */
  run(context: CommandContext, rows: readonly PriceRow[]): Promise<Outcome<{ items: PriceRow[] }>> {
    return this.act.run(context, async (manager, now) => {
      await this.prices.lock(manager);
      const named = new Set(rows.map(priceKey));
      const isNamed = (row: PriceRow) => named.has(priceKey(row));
      const before = (await this.prices.list(manager)).filter(isNamed);
      await this.prices.put(manager, rows);
      const items = await this.prices.list(manager);
      const detail = { before, after: items.filter(isNamed) };
      return { answer: { items }, records: [{ action: 'PRICE_CHANGE', at: now, detail }] };
    });
  }
}
