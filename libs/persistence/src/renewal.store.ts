import { Injectable } from '@nestjs/common';
import type { Policy } from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** Where a page of leases ends, to the microsecond. */
export interface RenewalCursor {
  effectiveUntil: string;
  leaseId: string;
}

/** Behind it every lease that ends at a finite time. */
export const FIRST_RENEWALS: RenewalCursor = {
  effectiveUntil: '-infinity',
  leaseId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
};

export interface RenewalPage {
  /** Empty behind the last lease that is due. */
  identifiers: string[];
  /** Where the next page begins. */
  next: RenewalCursor;
}

/** `30d` and `P30D` as an interval; null for a term that nobody could have written, which the domain tells. */
const TERM_INTERVAL = `
  CASE WHEN d.term ~* '^P?([0-9]+[YMWD])+$' THEN ('P' || upper(ltrim(d.term, 'Pp')))::interval END`;

/** Which leases a renewal run walks along (US-NUM-005). */
@Injectable()
export class RenewalStore {
  /**
   * The next leases that renew themselves and whose window has come, in order of their ends, without a lock. A renewed
   * one has moved on in this order: it comes again in the same run only where its next term is due as well.
   * Their index reaches as far as the longest window; whether a lease is really due, the domain says again.
   */
  async duePage(
    manager: EntityManager,
    policy: Policy,
    after: RenewalCursor,
    limit: number,
  ): Promise<RenewalPage> {
    const rows: { identifier: string; until: string; lease_id: string }[] = await manager.query(
      `SELECT d.identifier, d.effective_until::text AS until, d.lease_id
         FROM numbering.leases d
        WHERE d.auto_renew
          AND d.state IN ('LEASED', 'SUSPENDED')
          AND (d.effective_until, d.lease_id) > ($1::timestamptz, $2::uuid)
          AND d.effective_until <= (SELECT clock_timestamp()) + make_interval(secs => $3::float8)
          AND d.effective_until <= (SELECT clock_timestamp()) + least(
                make_interval(secs => $3::float8),
                ((d.effective_until + ${TERM_INTERVAL}) - d.effective_until) / 2)
        ORDER BY d.effective_until, d.lease_id
        LIMIT $4`,
      [after.effectiveUntil, after.leaseId, policy.renewalWindowMs / 1_000, limit],
    );
    const last = rows.at(-1);
    return {
      identifiers: rows.map(({ identifier }) => identifier),
      next: last ? { effectiveUntil: last.until, leaseId: last.lease_id } : after,
    };
  }

  /** Keeps the standing of these tenants as it is until this transaction ends; claims of other transactions wait. */
  async holdTenants(manager: EntityManager, tenantIds: readonly string[]): Promise<void> {
    await manager.query(
      `SELECT 1
         FROM numbering.tenants
        WHERE tenant_id = ANY ($1::text[])
        ORDER BY tenant_id
          FOR SHARE`,
      [tenantIds],
    );
  }
}
