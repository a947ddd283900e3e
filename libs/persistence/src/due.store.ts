import { Injectable } from '@nestjs/common';
import type { Policy } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { readBatch, type DueBatch } from './due-batch';

/** A reservation or hold, and how long it still lives by the database's clock. */
export interface LiveClaim {
  identifier: string;
  leaseId: string;
  expiresAt: Date;
  ttlMs: number;
}

const LIVE_CLAIM = `
              identifier,
              lease_id AS "leaseId",
              expires_at AS "expiresAt",
              extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS "ttlMs"`;

/** Before every lease id. */
const NO_LEASE = '00000000-0000-0000-0000-000000000000';

/**
 * What time alone must change. Each verb locks what it gives and skips what another transaction holds, so that any
 * number of workers share the work; whether a number is really due, the domain says again.
 */
@Injectable()
export class DueStore {
  /**
   * Reservations and holds whose `expires_at` has come (US-NUM-010). The claim's row is locked too: the owner of the
   * database may be giving it another end, and then that one counts.
   */
  lapsedClaims(manager: EntityManager, limit: number): Promise<DueBatch> {
    return this.locked(
      manager,
      `SELECT i.identifier
         FROM numbering.leases d
         JOIN numbering.identifiers i ON i.identifier = d.identifier
        WHERE d.state IN ('RESERVED', 'HELD')
          AND d.expires_at <= (SELECT clock_timestamp())
        ORDER BY d.expires_at
        LIMIT $1
          FOR NO KEY UPDATE OF i, d SKIP LOCKED`,
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
          AND i.available_at <= (SELECT clock_timestamp())
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
          -- asked for once, so that the index is read up to now and not to its end
          AND d.effective_until <= (SELECT clock_timestamp())
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

  /** A page of reservations and holds that live, in the order in which they end. */
  async liveClaims(
    manager: EntityManager,
    after: Pick<LiveClaim, 'expiresAt' | 'leaseId'> | undefined,
    limit: number,
  ): Promise<LiveClaim[]> {
    return manager.query(
      `SELECT ${LIVE_CLAIM}
         FROM numbering.leases
        WHERE state IN ('RESERVED', 'HELD')
          AND expires_at > clock_timestamp()
          AND (expires_at, lease_id) > ($1, $2)
        ORDER BY expires_at, lease_id
        LIMIT $3`,
      [after?.expiresAt ?? '-infinity', after?.leaseId ?? NO_LEASE, limit],
    );
  }

  /** Of these numbers those that are reserved or held, and by what claim. */
  async claimsOn(manager: EntityManager, identifiers: readonly string[]): Promise<LiveClaim[]> {
    return manager.query(
      `SELECT ${LIVE_CLAIM}
         FROM numbering.leases
        WHERE identifier = ANY ($1::text[])
          AND state IN ('RESERVED', 'HELD')
          AND expires_at > clock_timestamp()`,
      [identifiers],
    );
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
