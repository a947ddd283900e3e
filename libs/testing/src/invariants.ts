import { DEFAULT_PLAN, PLAN_QUOTAS } from '@numbering/domain';

/** Runs a statement, as a client's `query` does with the rows alone. */
export type Rows = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;

/** What must hold of the ledger at any moment, whoever did what at once. */
export interface BrokenInvariant {
  /** I1, I2, …, as the reliability targets name them. */
  invariant: string;
  what: string;
  row: Record<string, unknown>;
}

const OCCUPYING = `('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')`;

const CHECKS: readonly { invariant: string; what: string; sql: string }[] = [
  {
    invariant: 'I1',
    what: 'at most one claim occupies a number, and it is the state of the number',
    sql: `SELECT i.identifier, i.state, array_agg(l.state) AS claims
            FROM numbering.identifiers i
            LEFT JOIN numbering.leases l ON l.identifier = i.identifier AND l.state IN ${OCCUPYING}
           WHERE i.identifier = ANY ($1)
           GROUP BY i.identifier, i.state
          HAVING (i.state IN ${OCCUPYING} AND (count(l.lease_id) <> 1 OR max(l.state) <> i.state))
              OR (i.state NOT IN ${OCCUPYING} AND count(l.lease_id) > 0)`,
  },
  {
    invariant: 'I2',
    what: 'the state of a number follows from its audit rows, each of which begins where the last one ended',
    sql: `SELECT identifier, version, from_state, before, to_state, state
            FROM (SELECT a.identifier, a.version, a.from_state, a.to_state, i.state,
                         lag(a.to_state, 1, 'AVAILABLE') OVER by_version AS before,
                         lead(a.version) OVER by_version AS next
                    FROM numbering.audit_log a JOIN numbering.identifiers i USING (identifier)
                   WHERE identifier = ANY ($1)
                  WINDOW by_version AS (PARTITION BY a.identifier ORDER BY a.version)) chain
           WHERE from_state <> before
              OR (next IS NULL AND to_state <> state)`,
  },
  {
    invariant: 'I3',
    what: 'each version after the first has one audit row and one event, and none is missing',
    sql: `SELECT i.identifier, i.version, a.n AS audits, a.versions, e.n AS events
            FROM numbering.identifiers i
           CROSS JOIN LATERAL (SELECT count(*) AS n, count(DISTINCT version) AS versions,
                                      coalesce(max(version), 1) AS last
                                 FROM numbering.audit_log WHERE identifier = i.identifier) a
           CROSS JOIN LATERAL (SELECT count(*) AS n, count(DISTINCT version) AS versions
                                 FROM numbering.outbox WHERE key = i.identifier) e
           WHERE i.identifier = ANY ($1)
             AND (a.n <> i.version - 1 OR a.versions <> a.n OR a.last <> i.version
                  OR e.n <> a.n OR e.versions <> e.n)`,
  },
  {
    invariant: 'I3',
    what: 'no time runs backwards',
    sql: `SELECT identifier, version, at, before
            FROM (SELECT identifier, version, at,
                         lag(at) OVER (PARTITION BY identifier ORDER BY version) AS before
                    FROM numbering.audit_log WHERE identifier = ANY ($1)) chain
           WHERE before > at`,
  },
  {
    invariant: 'I6',
    what: 'no claim is ended as lapsed before its time',
    sql: `SELECT l.identifier, l.lease_id, l.expires_at, a.at
            FROM numbering.leases l
            JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'TTL_EXPIRE'
           WHERE l.identifier = ANY ($1)
             -- \`at\` is kept to the millisecond
             AND a.at < date_trunc('milliseconds', l.expires_at)`,
  },
  {
    invariant: 'I7',
    what: 'each tenant’s leases are counted as there are',
    sql: `SELECT t.tenant_id, t.leased_msisdn + t.leased_short_code + t.leased_alpha AS counted,
                 count(l.lease_id) AS leases
            FROM numbering.tenants t
            LEFT JOIN numbering.leases l
                   ON l.tenant_id = t.tenant_id AND l.state IN ('LEASED', 'SUSPENDED')
           WHERE cardinality($1::text[]) > 0
           GROUP BY t.tenant_id
          HAVING t.leased_msisdn + t.leased_short_code + t.leased_alpha <> count(l.lease_id)`,
  },
];

const LATE_USES = {
  invariant: 'I6',
  what: 'nothing is made of a reservation at its end or later',
  sql: `SELECT action, version, at
          FROM numbering.audit_log
         WHERE identifier = $1
           AND from_state = 'RESERVED'
           AND action IN ('HOLD', 'LEASE', 'RELEASE')
           AND at >= $2
           -- of this reservation, and not of one that came after it
           AND lease_id = (SELECT lease_id FROM numbering.audit_log
                            WHERE identifier = $1 AND action = 'RESERVE'
                            ORDER BY version LIMIT 1)`,
};

const OVER_QUOTA = {
  invariant: 'I7',
  what: 'no tenant has more live claims, holds or leases than it may',
  sql: `SELECT t.tenant_id, has.*
          FROM numbering.tenants t
          LEFT JOIN numbering.tenant_quotas q USING (tenant_id)
         CROSS JOIN LATERAL (SELECT $2::jsonb -> coalesce(t.plan, $3) AS quotas) plan
         CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE is_live) AS claims,
                       count(*) FILTER (WHERE is_live AND l.state = 'HELD') AS holds,
                       count(*) FILTER (WHERE is_lease AND identifier_class = 'MSISDN') AS msisdns,
                       count(*) FILTER (WHERE is_lease AND identifier_class = 'SHORT_CODE') AS short_codes,
                       count(*) FILTER (WHERE is_lease AND identifier_class = 'ALPHA') AS alphas
                  FROM numbering.leases l
                  JOIN numbering.identifiers i USING (identifier)
                 CROSS JOIN LATERAL (
                        SELECT l.state IN ('RESERVED', 'HELD') AND l.expires_at > clock_timestamp() AS is_live,
                               l.state IN ('LEASED', 'SUSPENDED') AS is_lease) kind
                 WHERE l.tenant_id = t.tenant_id) has
         WHERE t.tenant_id = ANY ($1)
           AND (has.claims > coalesce(q.max_active_reservations, (quotas ->> 'maxActiveReservations')::int)
                OR has.holds > coalesce(q.max_holds, (quotas ->> 'maxHolds')::int)
                OR has.msisdns > coalesce(q.msisdn, (quotas ->> 'MSISDN')::int)
                OR has.short_codes > coalesce(q.short_code, (quotas ->> 'SHORT_CODE')::int)
                OR has.alphas > coalesce(q.alpha, (quotas ->> 'ALPHA')::int))`,
};

/**
 * What is broken, read from the database and not from answers. Events are looked for in the outbox: where a relay runs
 * they are on their topics instead.
 */
export async function brokenInvariants(
  rows: Rows,
  identifiers: readonly string[],
): Promise<BrokenInvariant[]> {
  const broken: BrokenInvariant[] = [];
  for (const { invariant, what, sql } of CHECKS) {
    for (const row of await rows(sql, [identifiers])) broken.push({ invariant, what, row });
  }
  return broken;
}

/** I6 of the first reservation of a number, whose end a test has set. */
export async function lateUses(
  rows: Rows,
  identifier: string,
  ends: Date,
): Promise<BrokenInvariant[]> {
  const { sql, ...broken } = LATE_USES;
  return (await rows(sql, [identifier, ends])).map((row) => ({ ...broken, row }));
}

/** I7 at this moment, of tenants whose quotas were never lowered below what they had. */
export async function overQuota(
  rows: Rows,
  tenantIds: readonly string[],
): Promise<BrokenInvariant[]> {
  const { sql, ...broken } = OVER_QUOTA;
  const found = await rows(sql, [tenantIds, JSON.stringify(PLAN_QUOTAS), DEFAULT_PLAN]);
  return found.map((row) => ({ ...broken, row }));
}
