import { Injectable } from '@nestjs/common';
import type { ParsedIdentifier } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { HISTORY_COLUMNS, withoutNulls, type HistoryRow } from './history.query';

export interface AuditFilter {
  identifier?: ParsedIdentifier;
  actor?: string;
  action?: string;
  /** Inclusive. */
  from?: Date;
  /** Exclusive. */
  to?: Date;
}

export interface AuditRow extends HistoryRow {
  auditId: string;
  identifier?: string;
  detail?: unknown;
}

/** The audit log, newest first (US-NUM-004, ruling 44). */
@Injectable()
export class AuditQuery {
  async page(
    manager: EntityManager,
    filter: AuditFilter,
    limit: number,
    afterAuditId?: string,
  ): Promise<AuditRow[]> {
    const { identifier, actor, action, from, to } = filter;
    const rows: AuditRow[] = await manager.query(
      `SELECT audit_id AS "auditId", identifier, detail, ${HISTORY_COLUMNS}
         FROM numbering.audit_log
        WHERE ($1::text IS NULL OR identifier = $1)
          AND ($2::text IS NULL
               OR identifier = (SELECT identifier FROM numbering.identifiers
                                 WHERE identifier_class = 'ALPHA' AND alpha_key = $2))
          AND ($3::text IS NULL OR actor = $3)
          AND ($4::text IS NULL OR action = $4)
          AND ($5::timestamptz IS NULL OR at >= $5)
          AND ($6::timestamptz IS NULL OR at < $6)
          AND ($7::bigint IS NULL
               OR (at, audit_id) < (SELECT l.at, l.audit_id FROM numbering.audit_log l
                                     WHERE l.audit_id = $7))
        ORDER BY at DESC, audit_id DESC
        LIMIT $8`,
      [
        identifier && identifier.identifierClass !== 'ALPHA' ? identifier.matchKey : null,
        identifier?.identifierClass === 'ALPHA' ? identifier.matchKey : null,
        actor ?? null,
        action ?? null,
        from ?? null,
        to ?? null,
        afterAuditId ?? null,
        limit,
      ],
    );
    return rows.map((row) => ({ ...withoutNulls(row), detail: row.detail }));
  }
}
