import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** One change, as portals and regulators read it. Absent members do not apply. */
export interface HistoryRow {
  at: Date;
  actor: string;
  action: string;
  from: string | null;
  to: string | null;
  version: number | null;
  tenantId?: string;
  leaseId?: string;
  reason?: string;
  ticketId?: string;
  requestId?: string;
}

/** The columns of an audit row as a history shows them. */
export const HISTORY_COLUMNS = `
  at, actor, action, from_state AS "from", to_state AS "to", version, tenant_id AS "tenantId",
  lease_id AS "leaseId", reason, ticket_id AS "ticketId", request_id AS "requestId"`;

/** A move of a number into another standing. */
export interface Move {
  version: number;
  at: Date;
  action: string;
  to: string;
  tenantId: string | null;
  leaseId: string | null;
}

/** What is known of a number around a moment. */
export interface AroundMoment {
  bornAt: Date;
  /** The last move at or before the moment; null where the number still stood as it was born. */
  last: Move | null;
  /** The two moves after it, the earlier one first. */
  next: Move[];
  /** Of a reservation or hold: its end, as long as its claim is kept. */
  expiresAt: Date | null;
  /** Of a quarantine: its end, as it was said when it began. */
  availableAt: Date | null;
  now: Date;
}

@Injectable()
export class HistoryQuery {
  /** The rows of one tenant's own claims on the number, oldest first, behind a version. */
  async own(
    manager: EntityManager,
    identifier: string,
    tenantId: string,
    limit: number,
    afterVersion: number,
  ): Promise<HistoryRow[]> {
    const rows: HistoryRow[] = await manager.query(
      `SELECT ${HISTORY_COLUMNS}
         FROM numbering.audit_log
        WHERE identifier = $1
          AND tenant_id = $2
          AND version > $3
        ORDER BY version
        LIMIT $4`,
      [identifier, tenantId, afterVersion, limit],
    );
    return rows.map(withoutNulls);
  }

  /**
   * All rows of the number, oldest first, behind a version. They begin with its block's row, by
   * which it was born at version 1 (ruling 3); that row is the block's, so it is found by its
   * moment and its id.
   */
  async all(
    manager: EntityManager,
    identifier: string,
    limit: number,
    afterVersion: number,
  ): Promise<HistoryRow[]> {
    const rows: HistoryRow[] = await manager.query(
      `SELECT b.imported_at AS at, b.imported_by AS actor,
              CASE b.source WHEN 'IMPORT' THEN 'IMPORT' ELSE 'REGISTER' END AS action,
              NULL AS "from", 'AVAILABLE' AS "to", 1 AS version, NULL AS "tenantId",
              NULL::uuid AS "leaseId", a.reason, a.ticket_id AS "ticketId",
              a.request_id AS "requestId"
         FROM numbering.identifiers i
         JOIN numbering.blocks b ON b.block_id = i.originating_block_id
         LEFT JOIN LATERAL (
                SELECT reason, ticket_id, request_id
                  FROM numbering.audit_log
                 WHERE at = b.imported_at
                   AND action IN ('IMPORT', 'REGISTER')
                   AND detail ->> 'blockId' = b.block_id::text
                 LIMIT 1) a ON true
        WHERE i.identifier = $1
          AND $2 < 1
       UNION ALL
       (SELECT ${HISTORY_COLUMNS}
          FROM numbering.audit_log
         WHERE identifier = $1
           AND version > $2
         ORDER BY version
         LIMIT $3)
        ORDER BY version
        LIMIT $3`,
      [identifier, afterVersion, limit],
    );
    return rows.map(withoutNulls);
  }

  /**
   * What must be known to say who held a number at a moment; undefined for a number that is not in
   * the ledger.
   */
  async around(manager: EntityManager, identifier: string, at: Date) {
    const [row]: (AroundMoment | undefined)[] = await manager.query(
      `WITH moves AS (
         SELECT version, at, action, to_state, tenant_id, lease_id, detail
           FROM numbering.audit_log
          WHERE identifier = $1
            AND from_state IS DISTINCT FROM to_state
       ), last AS (
         SELECT * FROM moves WHERE at <= $2 ORDER BY version DESC LIMIT 1
       ), next AS (
         SELECT * FROM moves
          WHERE version > coalesce((SELECT version FROM last), 1)
          ORDER BY version
          LIMIT 2
       )
       SELECT b.imported_at AS "bornAt",
              (SELECT ${MOVE} FROM last m) AS last,
              coalesce((SELECT jsonb_agg(${MOVE} ORDER BY m.version) FROM next m), '[]') AS next,
              (SELECT l.expires_at
                 FROM last
                 JOIN numbering.leases l USING (lease_id)) AS "expiresAt",
              (SELECT (detail ->> 'availableAt')::timestamptz
                 FROM last
                WHERE to_state = 'QUARANTINE') AS "availableAt",
              clock_timestamp() AS now
         FROM numbering.identifiers i
         JOIN numbering.blocks b ON b.block_id = i.originating_block_id
        WHERE i.identifier = $1`,
      [identifier, at],
    );
    if (!row) return undefined;
    return { ...row, last: row.last && moveOf(row.last), next: row.next.map(moveOf) };
  }
}

const MOVE = `jsonb_build_object('version', m.version, 'at', m.at, 'action', m.action,
                                 'to', m.to_state, 'tenantId', m.tenant_id,
                                 'leaseId', m.lease_id)`;

/** A time within jsonb comes as text. */
const moveOf = (move: Move): Move => ({ ...move, at: new Date(move.at) });

const MEMBERS_THAT_MAY_BE_NULL = new Set(['from', 'to', 'version']);

/** Leaves out what does not apply, but for the members that every row has. */
export const withoutNulls = <R extends object>(row: R): R =>
  Object.fromEntries(
    Object.entries(row).filter(
      ([name, value]) => value !== null || MEMBERS_THAT_MAY_BE_NULL.has(name),
    ),
  ) as R;
