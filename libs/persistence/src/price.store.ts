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
}
