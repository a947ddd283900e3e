import { Injectable } from '@nestjs/common';
import type { NumberRecord, Policy } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { NUMBER_COLUMNS, NUMBER_JOINS, numberOf, type NumberRow } from './number-row';

/** Due numbers, locked for this transaction, at one moment of the database's clock. */
export interface DueBatch {
  numbers: NumberRecord[];
  /** Rows that contradict themselves: told, left alone, and no reason to leave the others due. */
  broken: { identifier: string; error: unknown }[];
  now: Date;
}

/**
 * What time alone must change. Each verb locks what it gives and skips what another transaction holds, so that any
 * number of workers share the work; whether a number is really due, the domain says again.
 */
@Injectable()
export class DueStore {
  /** Reservations and holds whose `expires_at` has come (US-NUM-010). */
  lapsedClaims(manager: EntityManager, limit: number): Promise<DueBatch> {
    return this.locked(
      manager,
      `SELECT i.identifier
         FROM numbering.leases d
         JOIN numbering.identifiers i ON i.identifier = d.identifier
        WHERE d.state IN ('RESERVED', 'HELD')
          AND d.expires_at <= clock_timestamp()
        ORDER BY d.expires_at
        LIMIT $1
          FOR NO KEY UPDATE OF i SKIP LOCKED`,
      [limit],
    );
  }

  /** Cool-downs whose `available_at` has come (US-NUM-006). */
  endedCoolDowns(manager: EntityManager, limit: number): Promise<DueBatch> {
    return this.locked(
      manager,
      `SELECT i.identifier
         FROM numbering.identifiers i
        WHERE i.state = 'QUARANTINE'
          AND i.available_at <= clock_timestamp()
        ORDER BY i.available_at
        LIMIT $1
          FOR NO KEY UPDATE OF i SKIP LOCKED`,
      [limit],
    );
  }

  /** Leases whose end, or whose grace's end, has come (ruling 29). */
  endedLeases(manager: EntityManager, policy: Policy, limit: number): Promise<DueBatch> {
    return this.locked(
      manager,
      `SELECT i.identifier
         FROM numbering.leases d
         JOIN numbering.identifiers i ON i.identifier = d.identifier
        WHERE d.state IN ('LEASED', 'SUSPENDED')
          AND d.effective_until <= clock_timestamp()
          AND d.effective_until <= clock_timestamp() - make_interval(secs =>
                CASE WHEN NOT d.auto_renew          THEN 0
                     WHEN d.vanity                  THEN $2::float8
                     WHEN d.renewal_refusals > 0    THEN 0
                     ELSE $3::float8 END)
        ORDER BY d.effective_until
        LIMIT $1
          FOR NO KEY UPDATE OF i SKIP LOCKED`,
      [limit, policy.vanityGraceMs / 1_000, policy.renewalOutageGraceMs / 1_000],
    );
  }

  /** Milliseconds until the next reservation or hold ends; undefined where there is none. */
  async nextLapseInMs(manager: EntityManager): Promise<number | undefined> {
    const [row] = await manager.query(
      `SELECT extract(epoch FROM expires_at - clock_timestamp()) * 1000 AS in_ms
         FROM numbering.leases
        WHERE state IN ('RESERVED', 'HELD')
        ORDER BY expires_at
        LIMIT 1`,
    );
    return row ? Math.max(0, Number(row.in_ms)) : undefined;
  }

  /** Locks first, then reads in a statement of its own: a statement that waited for a lock tells its old snapshot. */
  private async locked(
    manager: EntityManager,
    pick: string,
    parameters: unknown[],
  ): Promise<DueBatch> {
    const picked: { identifier: string }[] = await manager.query(pick, parameters);
    const batch: DueBatch = { numbers: [], broken: [], now: new Date(0) };
    if (picked.length === 0) return batch;
    const rows: NumberRow[] = await manager.query(
      `SELECT ${NUMBER_COLUMNS}
         FROM numbering.identifiers i
         ${NUMBER_JOINS}
        WHERE i.identifier = ANY ($1::text[])`,
      [picked.map((row) => row.identifier)],
    );
    for (const row of rows) {
      batch.now = row.now;
      try {
        batch.numbers.push(numberOf(row));
      } catch (error) {
        batch.broken.push({ identifier: row.identifier, error });
      }
    }
    return batch;
  }
}
