import { Injectable } from '@nestjs/common';
import type { NumberRecord, ParsedIdentifier } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { NUMBER_COLUMNS, NUMBER_JOINS, numberOf, type NumberRow } from './number-row';

/** A number as the ledger has it, at a moment of the database's clock. */
export interface FoundNumber {
  number: NumberRecord;
  /** Until when each tenant may not have it again from whom it was recalled; what is over is left out. */
  bars: ReadonlyMap<string, Date>;
  /** What two writings of it share. */
  matchKey: string;
}

export interface FoundNumbers {
  /** By match key; what is not there is not in the ledger. */
  byMatchKey: ReadonlyMap<string, FoundNumber>;
  /** Milliseconds precise, so that what is stored is what is answered. */
  now: Date;
}

/** A statement that `limitWaits` gives up. */
export const LOCK_NOT_AVAILABLE = '55P03';

@Injectable()
export class NumberStore {
  /** Plain read. Of several rows `now` is the latest. */
  async find(
    manager: EntityManager,
    asked: readonly Pick<ParsedIdentifier, 'identifierClass' | 'matchKey'>[],
  ): Promise<FoundNumbers> {
    const alphas = asked.filter((each) => each.identifierClass === 'ALPHA');
    const digits = asked.filter((each) => each.identifierClass !== 'ALPHA');
    const rows: NumberRow[] = await manager.query(
      `SELECT ${NUMBER_COLUMNS}, b.barred_tenants, b.barred_until
         FROM (SELECT *
                 FROM numbering.identifiers
                WHERE identifier = ANY ($1::text[])
               UNION ALL
               SELECT *
                 FROM numbering.identifiers
                WHERE identifier_class = 'ALPHA'
                  AND alpha_key = ANY ($2::text[])) i
         ${NUMBER_JOINS}
        CROSS JOIN LATERAL (
                SELECT array_agg(tenant_id) AS barred_tenants, array_agg(until) AS barred_until
                  FROM numbering.recall_bars
                 WHERE identifier = i.identifier
                   AND until > clock_timestamp()) b`,
      [digits.map((each) => each.matchKey), alphas.map((each) => each.matchKey)],
    );
    const now = rows.at(-1)?.now ?? (await this.databaseTime(manager));
    return { byMatchKey: new Map(rows.map((row) => [matchKeyOf(row), foundOf(row)])), now };
  }

  /** Until this transaction ends, a statement that waits longer for somebody's row is given up (55P03). */
  async limitWaits(manager: EntityManager, lockTimeoutMs: number): Promise<void> {
    await manager.query(`SELECT set_config('lock_timeout', $1, true)`, [String(lockTimeoutMs)]);
  }

  /**
   * Locks the identifiers' rows, in one order everywhere, so that no two transactions wait for each other. What was
   * read before may have changed while this waited: read again in a statement of its own.
   * @returns the versions of those that it locked: all, or those that nobody else has where it does not wait
   */
  async lock(
    manager: EntityManager,
    identifiers: readonly string[],
    { waits }: { waits: boolean },
  ): Promise<ReadonlyMap<string, number>> {
    const rows: { identifier: string; version: number }[] = await manager.query(
      `SELECT identifier, version
         FROM numbering.identifiers
        WHERE identifier = ANY ($1::text[])
        ORDER BY identifier
          FOR NO KEY UPDATE ${waits ? '' : 'SKIP LOCKED'}`,
      [identifiers],
    );
    return new Map(rows.map(({ identifier, version }) => [identifier, version]));
  }

  /**
   * As `lock`, for a batch that one row must not keep up: those that are free, and the rest of them where they come
   * free within `patienceMs`. From here on nothing in this transaction waits longer.
   */
  async lockWithin(
    manager: EntityManager,
    identifiers: readonly string[],
    patienceMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    await this.limitWaits(manager, patienceMs);
    const free = await this.lock(manager, identifiers, { waits: false });
    const rest = identifiers.filter((identifier) => !free.has(identifier));
    if (rest.length === 0) return free;
    try {
      const late = await manager.transaction((inner) => this.lock(inner, rest, { waits: true }));
      return new Map([...free, ...late]);
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return free;
      throw error;
    }
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
  bars: new Map(
    row.barred_tenants?.map((tenantId, i) => [tenantId, row.barred_until?.[i] as Date]),
  ),
  matchKey: matchKeyOf(row),
});
