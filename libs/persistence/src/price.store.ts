import { Injectable } from '@nestjs/common';
import type { PriceRow } from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** The price list: a dozen rows without rules. */
@Injectable()
export class PriceStore {
  async list(manager: EntityManager): Promise<PriceRow[]> {
    return manager.query(
      `SELECT plan, identifier_class AS "identifierClass", vanity, setup, monthly, currency
         FROM numbering.price_list
        ORDER BY plan, identifier_class, vanity`,
    );
  }

  /** Until this transaction ends nobody else changes a price; readers do not notice. */
  async lock(manager: EntityManager): Promise<void> {
    await manager.query('LOCK TABLE numbering.price_list IN SHARE ROW EXCLUSIVE MODE');
  }

  /** Sets these rows; the others stay as they are. */
  async put(manager: EntityManager, rows: readonly PriceRow[]): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.price_list (plan, identifier_class, vanity, setup, monthly, currency)
       SELECT plan, "identifierClass", vanity, setup, monthly, currency
         FROM jsonb_to_recordset($1::jsonb) AS r (
                plan text, "identifierClass" text, vanity boolean, setup integer, monthly integer,
                currency text)
       ON CONFLICT (plan, identifier_class, vanity) DO UPDATE
          SET setup = excluded.setup,
              monthly = excluded.monthly,
              currency = excluded.currency`,
      [JSON.stringify(rows)],
    );
  }
}
