import { TENANTS } from './ground';

/**
 * The limit: what a reservation writes, as one statement that leaves out all that Postgres need not do. It moves the
 * number, holds the tenant's row, counts its live claims, opens the claim, and leaves audit row and event.
 */
export const reserveAsOneStatement = (prefix: string): string =>
  [
    `\\set tenant random(1, ${TENANTS})`,
    `WITH asked AS MATERIALIZED (
       SELECT '${prefix}' || lpad(nextval('bench_number')::text, 7, '0') AS identifier,
              'bench-' || :tenant AS tenant_id,
              gen_random_uuid() AS lease_id,
              clock_timestamp() AS now
     ), number AS (
       UPDATE numbering.identifiers i
          SET state = 'RESERVED', version = i.version + 1, changed_at = asked.now
         FROM asked
        WHERE i.identifier = asked.identifier AND i.state = 'AVAILABLE'
       RETURNING i.identifier, i.identifier_class, i.version
     ), tenant AS (
       SELECT t.tenant_id FROM numbering.tenants t JOIN asked USING (tenant_id)
          FOR NO KEY UPDATE OF t
     ), used AS (
       SELECT count(*) AS claims
         FROM numbering.leases l JOIN asked USING (tenant_id)
        WHERE l.state IN ('RESERVED', 'HELD') AND l.expires_at > asked.now
     ), claim AS (
       INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at, expires_at,
                                     auto_renew, vanity)
       SELECT asked.lease_id, number.identifier, tenant.tenant_id, 'RESERVED', asked.now,
              asked.now + interval '900 s', false, false
         FROM asked, number, tenant, used
        WHERE used.claims < 1000
       RETURNING lease_id, identifier, tenant_id, expires_at
     ), audited AS (
       INSERT INTO numbering.audit_log (at, identifier, actor, action, from_state, to_state, version,
                                        tenant_id, lease_id, request_id)
       SELECT asked.now, number.identifier, 'bench', 'RESERVE', 'AVAILABLE', 'RESERVED', version,
              claim.tenant_id, claim.lease_id, 'bench'
         FROM asked, number, claim
     )
     INSERT INTO numbering.outbox (topic, key, payload, subject, version, created_at)
     SELECT 'numbering.reservation.held', number.identifier,
            jsonb_build_object('app', 'bench', 'data', jsonb_build_object(
              'identifier', number.identifier, 'identifierClass', identifier_class,
              'identifierVersion', version, 'tenantId', claim.tenant_id, 'leaseId', claim.lease_id,
              'kind', 'RESERVE', 'expiresAt', claim.expires_at)),
            'IDENTIFIER', version, asked.now
       FROM asked, number, claim;`
      .split('\n')
      .map((line) => line.trim())
      .join(' '),
    '',
  ].join('\n');
