import { Injectable } from '@nestjs/common';
import type { PoolSeverity } from '@numbering/contracts';
import type {
  CountedPool,
  EarlierUse,
  MeasurementMarks,
  Pool,
  PoolCounts,
  PoolOutlook,
} from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** Any number, the same in every process: one measurement at a time. */
const MEASURING_LOCK = 746_353;
/** Blocks that commit out of order are noticed while no more than these came after them. */
const RECENT_BLOCKS = 1_000;
/** A thousand blocks with a year of returns stay in memory. */
const WORK_MEM = '64MB';

/** What is known of a pool since it was counted last. */
export interface KnownPool extends Pool, PoolCounts, PoolOutlook {
  severity: PoolSeverity | null;
}

export interface PoolAlert extends Pool {
  severity: PoolSeverity;
}

/** How the ledger stood just before a measurement. */
export interface LedgerMarks {
  now: Date;
  newestGeneration: string;
  recentBlocks: number;
}

const POOL = `operator_id AS "operatorId",
             block_prefix AS "blockPrefix",
             identifier_class AS "identifierClass"`;

/**
 * US-NUM-013. Pools are counted out of the identifiers themselves, by one pass over them: so nothing of a pool is
 * written by any transition, nothing can drift, and a hand at the database is counted too. Alternatives measured at
 * 10,000,000 identifiers: docs/decisions.md.
 */
@Injectable()
export class CapacityStore {
  /** Asked many times a second: finds by indexes whether there is something to measure. */
  async marks(manager: EntityManager): Promise<MeasurementMarks> {
    const [row]: {
      now: Date;
      measuredAt: Date | null;
      tookMs: number;
      nextValidFrom: Date | null;
      hasNewBlocks: boolean;
    }[] = await manager.query(
      `SELECT clock_timestamp() AS now,
              m.measured_at AS "measuredAt",
              m.took_ms AS "tookMs",
              m.next_valid_from AS "nextValidFrom",
              (SELECT count(*)
                 FROM numbering.blocks
                WHERE generation > m.newest_generation - $1) <> m.recent_blocks AS "hasNewBlocks"
         FROM (SELECT true) AS asked
         LEFT JOIN numbering.pool_measurement m ON m.is_only`,
      [RECENT_BLOCKS],
    );
    if (!row) throw new Error('a left join of one row gives one row');
    const { now, measuredAt, tookMs, nextValidFrom, hasNewBlocks } = row;
    if (!measuredAt) return { now, hasNewBlocks: true };
    return { now, last: { measuredAt, tookMs, nextValidFrom }, hasNewBlocks };
  }

  /**
   * For the transaction's length nobody else measures.
   * @returns false where somebody else does and `isPatient` is not set
   */
  async lock(manager: EntityManager, isPatient: boolean): Promise<boolean> {
    if (isPatient) {
      await manager.query(`SELECT pg_advisory_xact_lock($1)`, [MEASURING_LOCK]);
      return true;
    }
    const [row]: { taken: boolean }[] = await manager.query(
      `SELECT pg_try_advisory_xact_lock($1) AS taken`,
      [MEASURING_LOCK],
    );
    return row?.taken ?? false;
  }

  /** To be read before the count: what commits between the two is measured once more, and never missed. */
  async ledgerMarks(manager: EntityManager): Promise<LedgerMarks> {
    const [row]: LedgerMarks[] = await manager.query(
      `WITH newest AS (SELECT coalesce(max(generation), 0) AS generation FROM numbering.blocks)
       SELECT clock_timestamp() AS now,
              newest.generation AS "newestGeneration",
              (SELECT count(*)::int
                 FROM numbering.blocks b
                WHERE b.generation > newest.generation - $1) AS "recentBlocks"
         FROM newest`,
      [RECENT_BLOCKS],
    );
    if (!row) throw new Error('an aggregate gives one row');
    return row;
  }

  /**
   * Every pool that has an identifier which is not retired, at this moment. One sequential pass in one process, so that
   * it takes no core from those who claim: half a second a million.
   */
  async count(manager: EntityManager, now: Date): Promise<CountedPool[]> {
    await manager.query(`SET LOCAL max_parallel_workers_per_gather = 0`);
    await manager.query(`SET LOCAL jit = off`);
    await manager.query(`SET LOCAL work_mem = '${WORK_MEM}'`);
    const rows: (Omit<CountedPool, 'returns'> & {
      returns: { at: string; identifiers: number }[];
    })[] = await manager.query(
      `WITH counted AS (
           SELECT operator_id, block_prefix, identifier_class, originating_block_id,
                  CASE WHEN state = 'AVAILABLE' AND valid_from > $1 THEN 'UPCOMING'
                       WHEN state = 'QUARANTINE' AND available_at <= $1 THEN 'AVAILABLE'
                       ELSE state END AS standing,
                  -- what comes back on one day comes back together
                  CASE WHEN state = 'QUARANTINE' AND available_at > $1
                       THEN (available_at AT TIME ZONE 'UTC')::date END AS due_on,
                  count(*)::int AS n,
                  max(available_at) AS due_at,
                  min(valid_from) AS valid_from
             FROM numbering.identifiers
            WHERE state <> 'RETIRED'
            GROUP BY 1, 2, 3, 4, 5, 6
         ), returns AS (
           SELECT operator_id, block_prefix, identifier_class,
                  json_agg(json_build_object('at', due_at, 'identifiers', n)) AS returns
             FROM (SELECT operator_id, block_prefix, identifier_class, due_on,
                          max(due_at) AS due_at, sum(n)::int AS n
                     FROM counted
                    WHERE standing = 'QUARANTINE'
                    GROUP BY 1, 2, 3, 4) AS by_day
            GROUP BY 1, 2, 3
         ), pools AS (
           SELECT c.operator_id, c.block_prefix, c.identifier_class,
                  coalesce(sum(n) FILTER (WHERE standing = 'AVAILABLE'), 0)::int AS available,
                  coalesce(sum(n) FILTER (WHERE standing = 'RESERVED'), 0)::int AS reserved,
                  coalesce(sum(n) FILTER (WHERE standing = 'HELD'), 0)::int AS held,
                  coalesce(sum(n) FILTER (WHERE standing = 'LEASED'), 0)::int AS leased,
                  coalesce(sum(n) FILTER (WHERE standing = 'SUSPENDED'), 0)::int AS suspended,
                  coalesce(sum(n) FILTER (WHERE standing = 'QUARANTINE'), 0)::int AS quarantine,
                  coalesce(sum(n) FILTER (WHERE standing = 'UPCOMING'), 0)::int AS upcoming,
                  min(b.imported_at) AS "firstImportAt",
                  min(c.valid_from) FILTER (WHERE standing = 'UPCOMING') AS "nextValidFrom"
             FROM counted c
             JOIN numbering.blocks b ON b.block_id = c.originating_block_id
            GROUP BY 1, 2, 3
         )
         SELECT ${POOL}, available, reserved, held, leased, suspended, quarantine, upcoming,
                "firstImportAt", "nextValidFrom", coalesce(returns, '[]') AS returns
           FROM pools
           LEFT JOIN returns USING (operator_id, block_prefix, identifier_class)
          ORDER BY operator_id, block_prefix, identifier_class`,
      [now],
    );
    return rows.map(({ returns, ...pool }) => ({
      ...pool,
      returns: returns.map(({ at, identifiers }) => ({ at: new Date(at), identifiers })),
    }));
  }

  /** How much of each pool was in use on the first day that was kept after a moment. */
  earlierUses(manager: EntityManager, after: Date): Promise<(Pool & EarlierUse)[]> {
    return manager.query(
      `SELECT ${POOL}, taken_at AS at, in_use AS "inUse"
         FROM numbering.pool_snapshots
        WHERE day = (SELECT min(day) FROM numbering.pool_snapshots WHERE taken_at >= $1)`,
      [after],
    );
  }

  alerts(manager: EntityManager): Promise<PoolAlert[]> {
    return manager.query(`SELECT ${POOL}, severity FROM numbering.pool_alerts`);
  }

  /** @param severity null: the alert is over */
  async setAlert(
    manager: EntityManager,
    { operatorId, blockPrefix, identifierClass }: Pool,
    severity: PoolSeverity | null,
    at: Date,
  ): Promise<void> {
    const pool = [operatorId, blockPrefix, identifierClass];
    if (severity === null) {
      await manager.query(
        `DELETE FROM numbering.pool_alerts
          WHERE operator_id = $1 AND block_prefix = $2 AND identifier_class = $3`,
        pool,
      );
      return;
    }
    await manager.query(
      `INSERT INTO numbering.pool_alerts (operator_id, block_prefix, identifier_class, severity, since)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (operator_id, block_prefix, identifier_class)
       DO UPDATE SET severity = excluded.severity, since = excluded.since`,
      [...pool, severity, at],
    );
  }

  /** Replaces what was known of every pool. */
  async keep(
    manager: EntityManager,
    pools: readonly (Pool & PoolCounts & PoolOutlook)[],
  ): Promise<void> {
    await manager.query(`DELETE FROM numbering.pool_counts`);
    await manager.query(
      `INSERT INTO numbering.pool_counts (operator_id, block_prefix, identifier_class, available,
              reserved, held, leased, suspended, quarantine, upcoming, projected_exhaustion_at, window_days)
       SELECT "operatorId", "blockPrefix", "identifierClass", available,
              reserved, held, leased, suspended, quarantine, upcoming, "projectedExhaustionAt", "windowDays"
         FROM jsonb_to_recordset($1::jsonb) AS r (
                "operatorId" text, "blockPrefix" text, "identifierClass" text, available integer,
                reserved integer, held integer, leased integer, suspended integer, quarantine integer,
                upcoming integer, "projectedExhaustionAt" timestamptz, "windowDays" integer)`,
      [JSON.stringify(pools)],
    );
  }

  async keepMeasurement(
    manager: EntityManager,
    { now, newestGeneration, recentBlocks }: LedgerMarks,
    { tookMs, nextValidFrom }: { tookMs: number; nextValidFrom: Date | null },
  ): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.pool_measurement (measured_at, took_ms, next_valid_from,
              newest_generation, recent_blocks)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (is_only) DO UPDATE
          SET measured_at = excluded.measured_at,
              took_ms = excluded.took_ms,
              next_valid_from = excluded.next_valid_from,
              newest_generation = excluded.newest_generation,
              recent_blocks = excluded.recent_blocks`,
      [now, tookMs, nextValidFrom, newestGeneration, recentBlocks],
    );
  }

  /** Every pool as it was counted last, with what it is alerted for. */
  pools(manager: EntityManager): Promise<KnownPool[]> {
    return manager.query(
      `SELECT ${POOL}, available, reserved, held, leased, suspended, quarantine, upcoming,
              severity,
              projected_exhaustion_at AS "projectedExhaustionAt",
              window_days AS "windowDays"
         FROM numbering.pool_counts
         LEFT JOIN numbering.pool_alerts USING (operator_id, block_prefix, identifier_class)
        ORDER BY operator_id, block_prefix, identifier_class`,
    );
  }

  /**
   * Keeps the last measurement as its UTC day's; the first one of a day stays.
   * @returns pools that were kept
   */
  async keepDay(manager: EntityManager): Promise<number> {
    const [row]: { kept: number }[] = await manager.query(
      `WITH kept AS (
         INSERT INTO numbering.pool_snapshots (day, operator_id, block_prefix, identifier_class, in_use,
                available, taken_at)
         SELECT (measured_at AT TIME ZONE 'UTC')::date, operator_id, block_prefix, identifier_class,
                reserved + held + leased + suspended + quarantine, available, measured_at
           FROM numbering.pool_counts, numbering.pool_measurement
         ON CONFLICT (day, operator_id, block_prefix, identifier_class) DO NOTHING
         RETURNING 1)
       SELECT count(*)::int AS kept FROM kept`,
    );
    return row?.kept ?? 0;
  }

  async forgetDays(manager: EntityManager, before: Date): Promise<void> {
    await manager.query(`DELETE FROM numbering.pool_snapshots WHERE taken_at < $1`, [before]);
  }
}
