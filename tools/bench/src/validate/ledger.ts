import type { Client } from 'pg';
import { addBlock } from '../block';
import { CASES, EFFECTIVE_UNTIL, PLACE, TENANTS } from './questions';

/** Numbers 1 to `count`, in the states that `caseOf` tells of. */
export async function fillLedger(database: Client, count: number): Promise<void> {
  const blockId = await addBlock(database, '+9379');
  await database.query(
    `INSERT INTO numbering.tenants (tenant_id, plan)
     SELECT 'bench-' || nth, 'enterprise' FROM generate_series(1, $1::integer) AS nth`,
    [TENANTS],
  );
  await database.query(
    `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
                                        originating_block_id, changed_at, version, state,
                                        available_at, quarantine_cause, quarantined_lease_id)
     SELECT '+9379' || lpad(nth::text, 7, '0'), 'MSISDN', 'ROSHAN', '+9379', $1, clock_timestamp(), 2,
            CASE place WHEN ${PLACE.available} THEN 'AVAILABLE'
                       WHEN ${PLACE.recalled} THEN 'QUARANTINE'
                       WHEN ${PLACE.suspended} THEN 'SUSPENDED'
                       ELSE 'LEASED' END,
            CASE place WHEN ${PLACE.recalled} THEN timestamptz '${EFFECTIVE_UNTIL}' END,
            CASE place WHEN ${PLACE.recalled} THEN 'RECALL' END,
            CASE place WHEN ${PLACE.recalled} THEN gen_random_uuid() END
       FROM generate_series(1, $2::integer) AS nth, LATERAL (SELECT nth % ${CASES} AS place) AS its
      WHERE place <> ${PLACE.unknown}`,
    [blockId, count],
  );
  await database.query(
    `INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at,
                                   effective_from, effective_until, auto_renew, vanity, term)
     SELECT ('5eed0000-0000-4000-8000-' || lpad(nth::text, 12, '0'))::uuid,
            '+9379' || lpad(nth::text, 7, '0'), 'bench-' || 1 + nth % ${TENANTS},
            CASE nth % ${CASES} WHEN ${PLACE.suspended} THEN 'SUSPENDED' ELSE 'LEASED' END,
            clock_timestamp(), clock_timestamp(), timestamptz '${EFFECTIVE_UNTIL}', false, false, '10y'
       FROM generate_series(1, $1::integer) AS nth
      WHERE nth % ${CASES} NOT IN (${PLACE.available}, ${PLACE.recalled}, ${PLACE.unknown})`,
    [count],
  );
  await database.query(
    `UPDATE numbering.tenants AS t SET leased_msisdn = its.leases
       FROM (SELECT tenant_id, count(*)::integer AS leases FROM numbering.leases GROUP BY tenant_id) AS its
      WHERE its.tenant_id = t.tenant_id`,
  );
  await database.query('VACUUM ANALYZE');
}
