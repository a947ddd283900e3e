import { Injectable } from '@nestjs/common';
import type { ReportedOverride } from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** Releases from quarantine by officers, and which days of them have been reported (ruling 23). */
@Injectable()
export class OverrideStore {
  /**
   * Overrides from a moment (included) to another (excluded), oldest first. Who claimed a number next is asked of the
   * audit log, which is kept for ever: rows of claims that became no leases are not.
   */
  between(
    manager: EntityManager,
    from: Date,
    until: Date,
    limit: number,
  ): Promise<ReportedOverride[]> {
    return manager.query(
      `SELECT o.at,
              o.identifier,
              o.admin_id AS "adminId",
              o.justification,
              o.recall_reason AS "recallReason",
              o.ticket_id AS "ticketId",
              o.recalled_tenant_id AS "recalledTenantId",
              next.tenant_id AS "nextTenantId",
              o.available_at AS "availableAt"
         FROM numbering.quarantine_overrides o
         LEFT JOIN LATERAL (
                SELECT version
                  FROM numbering.audit_log
                 WHERE identifier = o.identifier
                   AND at = o.at
                   AND action = 'QUARANTINE_OVERRIDE') made ON true
         LEFT JOIN LATERAL (
                SELECT tenant_id
                  FROM numbering.audit_log
                 WHERE identifier = o.identifier
                   AND at >= o.at
                   AND version > made.version
                   AND action IN ('RESERVE', 'LEASE')
                 ORDER BY version
                 LIMIT 1) next ON true
        WHERE o.at >= $1
          AND o.at < $2
        ORDER BY o.at, o.override_id
        LIMIT $3`,
      [from, until, limit],
    );
  }

  /** The latest day that the daily report was sent for, as `2026-01-31`. */
  async lastReported(manager: EntityManager): Promise<string | undefined> {
    const [row]: { day: string | null }[] = await manager.query(
      `SELECT to_char(max(report_date), 'YYYY-MM-DD') AS day FROM numbering.override_reports`,
    );
    return row?.day ?? undefined;
  }

  /**
   * Counts the overrides of a UTC day and remembers that they are reported.
   * @returns the count; undefined where the day has been reported already
   */
  async report(manager: EntityManager, day: string): Promise<number | undefined> {
    const [row]: { overrides: number }[] = await manager.query(
      `INSERT INTO numbering.override_reports (report_date, overrides)
       SELECT $1::date, count(*)
         FROM numbering.quarantine_overrides
        WHERE at >= $1::date::timestamp AT TIME ZONE 'UTC'
          AND at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
       ON CONFLICT (report_date) DO NOTHING
       RETURNING overrides`,
      [day],
    );
    return row?.overrides;
  }
}
