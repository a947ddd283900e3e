import { Injectable } from '@nestjs/common';
import type { Suspension } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { readBatch, type DueBatch } from './due-batch';

/** Claims of a suspended tenant, locked for this transaction. */
export interface ClaimsToEnd extends DueBatch {
  /** Where the next batch begins; absent behind the last one. */
  lastIdentifier?: string;
}

const NOTHING: ClaimsToEnd = { numbers: [], broken: [], now: new Date(0) };
/** Who suspended is recorded since a migration; before it, every suspension with a cascade was an event's. */
const SUSPENDED_BY_EVENT = 'system:compliance';

/** What suspended tenants still have (ruling 25). */
@Injectable()
export class CascadeStore {
  /** Suspensions that are not worked off, the longest waiting first; those of `except` are left out. */
  pending(manager: EntityManager, except: readonly string[], limit: number): Promise<Suspension[]> {
    return manager.query(
      `SELECT suspension_id AS "suspensionId",
              tenant_id AS "tenantId",
              suspension_ticket AS "ticketId",
              coalesce(suspended_by, $3) AS "suspendedBy"
         FROM numbering.tenants
        WHERE cascade_pending
          AND suspension_id <> ALL ($1::uuid[])
        ORDER BY standing_changed_at, tenant_id
        LIMIT $2`,
      [except, limit, SUSPENDED_BY_EVENT],
    );
  }

  /** Tenants whose suspension is not worked off. */
  async countPending(manager: EntityManager): Promise<number> {
    const [row]: { pending: number }[] = await manager.query(
      `SELECT count(*)::int AS pending FROM numbering.tenants WHERE cascade_pending`,
    );
    return row?.pending ?? 0;
  }

  /**
   * The next claims of the tenant in order of identifier, locked as a command locks: numbers first (what another
   * transaction holds is skipped), then the tenant. Nothing where the suspension is not the tenant's any more: a
   * reinstatement, or another suspension, waits for this row and stops what follows.
   */
  async claims(
    manager: EntityManager,
    { tenantId, suspensionId }: Suspension,
    afterIdentifier: string,
    limit: number,
  ): Promise<ClaimsToEnd> {
    const picked: { identifier: string }[] = await manager.query(
      `SELECT i.identifier
         FROM numbering.leases d
         JOIN numbering.identifiers i ON i.identifier = d.identifier
        WHERE d.tenant_id = $1
          AND d.identifier > $2
          AND d.ended_at IS NULL
        ORDER BY d.identifier
        LIMIT $3
          FOR NO KEY UPDATE OF i SKIP LOCKED`,
      [tenantId, afterIdentifier, limit],
    );
    if (picked.length === 0) return NOTHING;
    const still: unknown[] = await manager.query(
      `SELECT 1
         FROM numbering.tenants
        WHERE tenant_id = $1
          AND suspension_id = $2
          AND cascade_pending
          FOR NO KEY UPDATE`,
      [tenantId, suspensionId],
    );
    if (still.length === 0) return NOTHING;
    const identifiers = picked.map(({ identifier }) => identifier);
    const batch = await readBatch(manager, identifiers);
    return picked.length < limit ? batch : { ...batch, lastIdentifier: identifiers.at(-1) };
  }

  /**
   * Ends the cascade where nothing is left of what the tenant had. Exact: a claim holds the tenant's row until it
   * commits, so whoever claimed before the suspension is seen here, and nobody claims after it.
   * @returns whether this suspension has no more to do: it is worked off, or it is not the tenant's any more
   */
  async finish(manager: EntityManager, { tenantId, suspensionId }: Suspension): Promise<boolean> {
    await manager.query(`SELECT 1 FROM numbering.tenants WHERE tenant_id = $1 FOR NO KEY UPDATE`, [
      tenantId,
    ]);
    await manager.query(
      `UPDATE numbering.tenants
          SET cascade_pending = false
        WHERE tenant_id = $1
          AND suspension_id = $2
          AND cascade_pending
          AND NOT EXISTS (
                SELECT 1
                  FROM numbering.leases
                 WHERE tenant_id = $1
                   AND state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED'))`,
      [tenantId, suspensionId],
    );
    const left: unknown[] = await manager.query(
      `SELECT 1
         FROM numbering.tenants
        WHERE tenant_id = $1
          AND suspension_id = $2
          AND cascade_pending`,
      [tenantId, suspensionId],
    );
    return left.length === 0;
  }
}
