/** Runs one statement as the database's owner or an app. */
type Query = (text: string, parameters: unknown[]) => Promise<unknown>;

/**
 * Leases AVAILABLE MSISDNs to a tenant in one statement, as a lease with bypass leaves them: what a test of hundreds
 * needs, where the way to a lease is not what it is about.
 */
export async function leaseMany(
  query: Query,
  tenantId: string,
  numbers: readonly string[],
): Promise<void> {
  await query(
    `WITH leased AS (
       INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at,
                                     effective_from, effective_until, term)
       SELECT gen_random_uuid(), identifier, $1, 'LEASED', now, now, now + interval '30 days', '30d'
         FROM unnest($2::text[]) AS identifier,
              date_trunc('milliseconds', clock_timestamp()) AS now
       RETURNING *
     ), recorded AS (
       INSERT INTO numbering.lease_history (lease_id, identifier, tenant_id, effective_from,
                                            effective_until, recorded_at)
       SELECT lease_id, identifier, tenant_id, effective_from, effective_until, claimed_at
         FROM leased
     ), counted AS (
       INSERT INTO numbering.tenants (tenant_id, leased_msisdn)
       SELECT $1, count(*) FROM leased
       ON CONFLICT (tenant_id)
       DO UPDATE SET leased_msisdn = tenants.leased_msisdn + excluded.leased_msisdn
     ), moved AS (
       UPDATE numbering.identifiers i
          SET state = 'LEASED',
              version = version + 1,
              changed_at = leased.claimed_at
         FROM leased
        WHERE i.identifier = leased.identifier
       RETURNING i.identifier, i.version, leased.lease_id, leased.claimed_at AS at
     ), audited AS (
       INSERT INTO numbering.audit_log (at, identifier, actor, action, from_state, to_state,
                                        version, tenant_id, lease_id)
       SELECT at, identifier, 'fixture', 'LEASE', 'AVAILABLE', 'LEASED', version, $1, lease_id
         FROM moved
     )
     INSERT INTO numbering.outbox (topic, key, payload, subject, version, created_at)
     SELECT 'numbering.lease.created', identifier, '{"app": "fixture", "data": {}}', 'IDENTIFIER',
            version, at
       FROM moved`,
    [tenantId, numbers],
  );
}
