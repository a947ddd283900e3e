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
