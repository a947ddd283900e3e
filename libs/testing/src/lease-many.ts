/** Runs one statement as the database's owner or an app. */
type Query = (text: string, parameters: unknown[]) => Promise<unknown>;

/**
 * Leases registered MSISDNs to a tenant in one statement: what a test of hundreds needs, where the walk to a lease is
 * not what it is about. As the walk leaves them, but for their audit rows and events.
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
       SELECT gen_random_uuid(), identifier, $1, 'LEASED', clock_timestamp(), clock_timestamp(),
              clock_timestamp() + interval '30 days', '30d'
         FROM unnest($2::text[]) AS identifier
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
     )
     UPDATE numbering.identifiers i
        SET state = 'LEASED',
            version = version + 1
       FROM leased
      WHERE i.identifier = leased.identifier`,
    [tenantId, numbers],
  );
}
