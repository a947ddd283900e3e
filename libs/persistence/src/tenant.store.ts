import { Injectable } from '@nestjs/common';
import type { Plan } from '@numbering/contracts';
import {
  DEFAULT_PLAN,
  effectiveQuotas,
  type QuotaOverrides,
  type TenantFacts,
  type TenantUse,
} from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { pipelined } from './pipelined';

/** Several tenants, at one moment of the database's clock. */
export interface FoundTenants {
  /** Each that was asked for; one without a row has the default plan. */
  byId: ReadonlyMap<string, TenantFacts>;
  /** Those of them that have no row yet. */
  unknown: readonly string[];
  now: Date;
}

/** Facts of a tenant for a decision, at a moment of the database's clock. */
export interface FoundTenant {
  facts: TenantFacts;
  own: QuotaOverrides;
  version: number;
  /** Of plan and quotas: grows by one with every change of either, whoever makes it. */
  quotaVersion: number;
  /** Whether it has a row: one that has none has the default plan (rulings, "Words"). */
  isKnown: boolean;
  now: Date;
}

interface TenantRow {
  tenant_id: string;
  is_known: boolean;
  plan: Plan | null;
  operator_allowlist: string[] | null;
  status: 'ACTIVE' | 'SUSPENDED' | null;
  version: number | null;
  quota_version: number | null;
  leased_msisdn: number | null;
  leased_short_code: number | null;
  leased_alpha: number | null;
  msisdn: number | null;
  short_code: number | null;
  alpha: number | null;
  max_active_reservations: number | null;
  max_holds: number | null;
  active_reservations: number;
  holds: number;
  now: Date;
}

type UseRow = Pick<
  TenantRow,
  | 'quota_version'
  | 'leased_msisdn'
  | 'leased_short_code'
  | 'leased_alpha'
  | 'active_reservations'
  | 'holds'
>;

export interface FoundUse {
  quotaVersion: number;
  use: TenantUse;
}

/** Reservations and holds of `asked.tenant_id` that have not lapsed. */
const LIVE_CLAIMS = `
                SELECT count(*)::integer AS active_reservations,
                       count(*) FILTER (WHERE l.state = 'HELD')::integer AS holds
                  FROM numbering.leases l
                 WHERE l.tenant_id = asked.tenant_id
                   AND l.state IN ('RESERVED', 'HELD')
                   -- a clock of the whole statement, by which the index is entered
                   AND l.expires_at > (SELECT date_trunc('milliseconds', clock_timestamp()))`;

@Injectable()
export class TenantStore {
  async find(manager: EntityManager, tenantId: string): Promise<FoundTenant> {
    const [row] = await this.rowsOf(manager, [tenantId]);
    if (!row) throw new Error('the tenant query gives one row');
    return foundOf(row);
  }

  /** As `find`, in one statement. */
  async findAll(manager: EntityManager, tenantIds: readonly string[]): Promise<FoundTenants> {
    if (tenantIds.length === 0) return { byId: new Map(), unknown: [], now: new Date(0) };
    const found = (await this.rowsOf(manager, tenantIds)).map(foundOf);
    return {
      byId: new Map(found.map(({ facts }) => [facts.tenantId, facts])),
      unknown: found.flatMap(({ facts, isKnown }) => (isKnown ? [] : facts.tenantId)),
      now: new Date(Math.max(...found.map(({ now }) => now.getTime()))),
    };
  }

  /**
   * Standing, quotas and use. Leases are counted in the row; reservations and holds, which lapse by themselves, as
   * rows that are live now. Exact where the tenant's row is locked by this transaction, else a hint.
   */
  private rowsOf(manager: EntityManager, tenantIds: readonly string[]): Promise<TenantRow[]> {
    return manager.query(
      `SELECT asked.tenant_id, t.tenant_id IS NOT NULL AS is_known, t.plan, t.operator_allowlist, t.status, t.version,
              t.quota_version, t.leased_msisdn, t.leased_short_code, t.leased_alpha,
              q.msisdn, q.short_code, q.alpha, q.max_active_reservations, q.max_holds,
              c.active_reservations, c.holds,
              date_trunc('milliseconds', clock_timestamp()) AS now
         FROM unnest($1::text[]) AS asked (tenant_id)
         LEFT JOIN numbering.tenants t USING (tenant_id)
         LEFT JOIN numbering.tenant_quotas q USING (tenant_id)
        CROSS JOIN LATERAL (${LIVE_CLAIMS}) c`,
      [tenantIds],
    );
  }

  /** What a tenant uses, and by which version of its quotas it is to be judged; without the quotas. */
  async useOf(manager: EntityManager, tenantId: string): Promise<FoundUse> {
    const [row]: UseRow[] = await manager.query(
      `SELECT t.quota_version, t.leased_msisdn, t.leased_short_code, t.leased_alpha,
              c.active_reservations, c.holds
         FROM (SELECT $1::text) AS asked (tenant_id)
         LEFT JOIN numbering.tenants t USING (tenant_id)
        CROSS JOIN LATERAL (${LIVE_CLAIMS}) c`,
      [tenantId],
    );
    if (!row) throw new Error('the query of a tenant’s use gives one row');
    return { quotaVersion: row.quota_version ?? 0, use: useIn(row) };
  }

  /**
   * Makes the rows at first contact and locks them, in one order everywhere, without waiting
   * between the two: standing and quotas cannot change until
   * this transaction ends.
   * @param missing those of them that may have no row: no row goes away
   */
  async lock(
    manager: EntityManager,
    tenantIds: readonly string[],
    missing: readonly string[] = tenantIds,
  ): Promise<void> {
    await pipelined([
      missing.length > 0 &&
        manager.query(
          `INSERT INTO numbering.tenants (tenant_id)
           SELECT tenant_id FROM unnest($1::text[]) AS asked (tenant_id) ORDER BY tenant_id
           ON CONFLICT (tenant_id) DO NOTHING`,
          [missing],
        ),
      manager.query(
        `SELECT 1
           FROM numbering.tenants
          WHERE tenant_id = ANY ($1::text[])
          ORDER BY tenant_id
            FOR NO KEY UPDATE`,
        [tenantIds],
      ),
    ]);
  }

  /** Plan and allowlist; `at` is when it was said, so that an older event cannot undo it. */
  async setPlan(
    manager: EntityManager,
    tenant: { tenantId: string; plan: Plan; operatorAllowlist?: string[] | null; at: Date },
  ): Promise<void> {
    await manager.query(
      `UPDATE numbering.tenants
          SET plan = $2,
              operator_allowlist = CASE WHEN $3 THEN $4::text[] ELSE operator_allowlist END,
              plan_changed_at = greatest(plan_changed_at, $5::timestamptz)
        WHERE tenant_id = $1`,
      [
        tenant.tenantId,
        tenant.plan,
        tenant.operatorAllowlist !== undefined,
        tenant.operatorAllowlist ?? null,
        tenant.at,
      ],
    );
  }

  async setQuotas(manager: EntityManager, tenantId: string, own: QuotaOverrides, actor: string) {
    await manager.query(
      `INSERT INTO numbering.tenant_quotas (tenant_id, msisdn, short_code, alpha,
                                            max_active_reservations, max_holds, changed_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id) DO UPDATE
          SET msisdn = excluded.msisdn,
              short_code = excluded.short_code,
              alpha = excluded.alpha,
              max_active_reservations = excluded.max_active_reservations,
              max_holds = excluded.max_holds,
              changed_by = excluded.changed_by,
              changed_at = clock_timestamp()`,
      [
        tenantId,
        own.MSISDN,
        own.SHORT_CODE,
        own.ALPHA,
        own.maxActiveReservations,
        own.maxHolds,
        actor,
      ],
    );
  }

  /**
   * When standing and plan were last said, in whose order events count (ruling 25), and the time, which is to be read
   * behind the lock: what a transaction before this one did is not to look later than this one's change.
   */
  async changedAt(
    manager: EntityManager,
    tenantId: string,
  ): Promise<{ standing: Date; plan: Date; now: Date }> {
    const [row] = await manager.query(
      `SELECT greatest(standing_changed_at, 'epoch') AS standing,
              greatest(plan_changed_at, 'epoch') AS plan,
              date_trunc('milliseconds', clock_timestamp()) AS now
         FROM numbering.tenants
        WHERE tenant_id = $1`,
      [tenantId],
    );
    return row;
  }

  /** @returns the tenant's version after the change */
  async setStanding(manager: EntityManager, change: StandingChange): Promise<number> {
    const [[row]] = await manager.query(
      `UPDATE numbering.tenants
          SET status = CASE WHEN $2::uuid IS NULL THEN 'ACTIVE' ELSE 'SUSPENDED' END,
              suspension_id = $2,
              suspension_ticket = $3,
              suspension_reason = $4,
              suspended_by = $5,
              cascade_pending = $6,
              standing_changed_at = greatest(standing_changed_at, $7::timestamptz),
              version = version + 1
        WHERE tenant_id = $1
       RETURNING version`,
      [
        change.tenantId,
        change.suspensionId,
        change.ticketId ?? null,
        change.reason ?? null,
        change.suspendedBy ?? null,
        change.cascade,
        change.at,
      ],
    );
    return row.version;
  }
}

/** A suspension (with its id) or, without one, a reinstatement. */
export interface StandingChange {
  tenantId: string;
  suspensionId: string | null;
  ticketId?: string;
  reason?: string;
  /** The caller's sub, of a suspension. */
  suspendedBy?: string;
  /** Whether the worker is to recall what the tenant has. */
  cascade: boolean;
  at: Date;
}

function foundOf(row: TenantRow): FoundTenant {
  const plan = row.plan ?? DEFAULT_PLAN;
  const own: QuotaOverrides = {
    MSISDN: row.msisdn,
    SHORT_CODE: row.short_code,
    ALPHA: row.alpha,
    maxActiveReservations: row.max_active_reservations,
    maxHolds: row.max_holds,
  };
  return {
    facts: {
      tenantId: row.tenant_id,
      plan,
      status: row.status ?? 'ACTIVE',
      operatorAllowlist: row.operator_allowlist,
      quotas: effectiveQuotas(plan, own),
      use: useIn(row),
    },
    own,
    version: row.version ?? 0,
    quotaVersion: row.quota_version ?? 0,
    isKnown: row.is_known,
    now: row.now,
  };
}

const useIn = (row: UseRow): TenantUse => ({
  leases: {
    MSISDN: row.leased_msisdn ?? 0,
    SHORT_CODE: row.leased_short_code ?? 0,
    ALPHA: row.leased_alpha ?? 0,
  },
  activeReservations: row.active_reservations,
  holds: row.holds,
});
