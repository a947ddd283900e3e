import { Injectable } from '@nestjs/common';
import type { NumberRecord, ParsedIdentifier } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { NUMBER_COLUMNS, NUMBER_JOINS, numberOf, type NumberRow } from './number-row';

/** A number as the ledger has it, at a moment of the database's clock. */
export interface FoundNumber {
  number: NumberRecord;
  /** Until when the asking tenant may not have it again. */
  barredUntil?: Date;
  /** What two writings of it share. */
  matchKey: string;
}

export interface FoundNumbers {
  /** By match key; what is not there is not in the ledger. */
  byMatchKey: ReadonlyMap<string, FoundNumber>;
  /** Milliseconds precise, so that what is stored is what is answered. */
  now: Date;
}

@Injectable()
export class NumberStore {
  /** Plain read. Of several rows `now` is the latest. */
  async find(
    manager: EntityManager,
    asked: readonly Pick<ParsedIdentifier, 'identifierClass' | 'matchKey'>[],
    tenantId?: string,
  ): Promise<FoundNumbers> {
    const alphas = asked.filter((each) => each.identifierClass === 'ALPHA');
    const digits = asked.filter((each) => each.identifierClass !== 'ALPHA');
    const rows: NumberRow[] = await manager.query(
      `SELECT ${NUMBER_COLUMNS}, b.until AS barred_until
         FROM numbering.identifiers i
         ${NUMBER_JOINS}
         LEFT JOIN numbering.recall_bars b
                ON b.identifier = i.identifier AND b.tenant_id = $3
        WHERE i.identifier = ANY ($1::text[])
           OR (i.identifier_class = 'ALPHA' AND i.alpha_key = ANY ($2::text[]))`,
      [digits.map((each) => each.matchKey), alphas.map((each) => each.matchKey), tenantId ?? null],
    );
    const now = rows.at(-1)?.now ?? (await this.databaseTime(manager));
    return { byMatchKey: new Map(rows.map((row) => [matchKeyOf(row), foundOf(row)])), now };
  }

  /**
   * Locks the identifiers' rows, in one order everywhere, so that no two transactions wait for each other. What was
   * read before may have changed while this waited: read again in a statement of its own.
   */
  async lock(manager: EntityManager, identifiers: readonly string[]): Promise<void> {
    await manager.query(
      `SELECT identifier
         FROM numbering.identifiers
        WHERE identifier = ANY ($1::text[])
        ORDER BY identifier
          FOR NO KEY UPDATE`,
      [identifiers],
    );
  }

  /** The database's clock, to the millisecond. */
  async databaseTime(manager: EntityManager): Promise<Date> {
    const [row] = await manager.query(
      `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`,
    );
    return row.now;
  }
}

const matchKeyOf = (row: NumberRow): string => row.alpha_key ?? row.identifier;

const foundOf = (row: NumberRow): FoundNumber => ({
  number: numberOf(row),
  barredUntil: row.barred_until ?? undefined,
  matchKey: matchKeyOf(row),
});
