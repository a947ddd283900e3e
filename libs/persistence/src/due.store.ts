import { Injectable } from '@nestjs/common';
import type { Policy } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { readBatch, type DueBatch } from './due-batch';

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

  private async locked(
    manager: EntityManager,
    pick: string,
    parameters: unknown[],
  ): Promise<DueBatch> {
    const picked: { identifier: string }[] = await manager.query(pick, parameters);
    return readBatch(
      manager,
      picked.map(({ identifier }) => identifier),
    );
  }
}
