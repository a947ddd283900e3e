import { randomBytes, randomInt } from 'node:crypto';
import { Suite, type TestTenant } from '@numbering/testing';

export const CLASSES = ['MSISDN', 'SHORT_CODE', 'ALPHA'] as const;
export type ClassName = (typeof CLASSES)[number];

export const BYPASS = 'numbering:read numbering:write numbering:lease:bypass';
const TENANTS = '/v1/admin/numbering/tenants';

/** Tenants, and what they lease. */
export class TenantScene {
  readonly suite = new Suite();

  /** Fresh identifiers of a class, available. */
  async identifiers(identifierClass: ClassName, count: number): Promise<string[]> {
    if (identifierClass === 'MSISDN') return this.suite.numbers(count);
    const first = randomInt(10_000_000, 90_000_000);
    const made = Array.from({ length: count }, (_, i) =>
      identifierClass === 'ALPHA' ? `A${first + i}` : `${first + i}`,
    );
    const identifiers = made.map((identifier) => ({ identifier }));
    const { items } = await this.suite.expect(
      200,
      this.suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }),
    );
    const statuses = (items as { status: string }[]).map(({ status }) => status);
    if (statuses.some((status) => status !== 'inserted')) throw new Error('taken by chance');
    return made;
  }

  /** A tenant with these quotas above its plan, which may lease without reserving. */
  tenant(quotas?: Record<string, number>, plan = 'enterprise'): Promise<TestTenant> {
    return this.suite.tenant(plan, BYPASS, quotas);
  }

  /** A fresh short code that may be leased as vanity. */
  async vanityCode(): Promise<string> {
    const identifier = String(randomInt(10_000_000, 99_999_999));
    const identifiers = [{ identifier, vanityEligible: true }];
    await this.suite.expect(
      200,
      this.suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }),
    );
    return identifier;
  }

  newId(): string {
    return `t-${randomBytes(5).toString('hex')}`;
  }

  lease(tenant: TestTenant, identifier: string) {
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    return tenant.api.on(identifier, 'lease', terms);
  }

  recall(tenant: TestTenant, identifier: string) {
    const ask = { reason: 'TENANT_REQUEST', actorId: tenant.sub };
    return tenant.api.on(identifier, 'recall', ask);
  }

  setPlan(tenantId: string, plan: string) {
    return this.suite.expect(200, this.suite.admin.put(`${TENANTS}/${tenantId}`, { plan }));
  }

  setQuotas(tenantId: string, quotas: Record<string, number | null>) {
    const path = `${TENANTS}/${tenantId}/quotas`;
    return this.suite.expect(200, this.suite.admin.put(path, quotas));
  }

  /** `GET /v1/quotas` of a tenant: by class as quota, current and remaining. */
  async shown(tenant: TestTenant): Promise<Record<ClassName, number[]>> {
    const { items } = await this.suite.expect(200, tenant.api.get('/v1/quotas'));
    return Object.fromEntries(
      (items as Record<string, number>[]).map(({ identifierClass, quota, current, remaining }) => [
        String(identifierClass),
        [quota, current, remaining],
      ]),
    ) as Record<ClassName, number[]>;
  }

  /** Of a tenant, in the database: leases as there are, and as its row counts them. */
  async leased(tenantId: string, identifierClass: ClassName): Promise<number> {
    const column = `leased_${identifierClass.toLowerCase()}`;
    const [row] = await this.suite.sql<{ leases: number; counted: number }>(
      `SELECT count(l.lease_id)::int AS leases, max(t.${column}) AS counted
         FROM numbering.tenants t
         LEFT JOIN (numbering.leases l
                    JOIN numbering.identifiers i ON i.identifier = l.identifier
                     AND i.identifier_class = $2)
                ON l.tenant_id = t.tenant_id AND l.state IN ('LEASED', 'SUSPENDED')
        WHERE t.tenant_id = $1`,
      [tenantId, identifierClass],
    );
    if (row?.leases !== row?.counted) throw new Error(`counted wrongly: ${JSON.stringify(row)}`);
    return row?.leases ?? 0;
  }

  /** The most leases that the tenant has had at any moment, as the audit log has it. */
  async most(tenantId: string): Promise<number> {
    const [row] = await this.suite.sql<{ most: number }>(
      `SELECT max(n)::int AS most
         FROM (SELECT sum(CASE action WHEN 'LEASE' THEN 1 ELSE -1 END)
                        OVER (ORDER BY at, audit_id) AS n
                 FROM numbering.audit_log
                WHERE tenant_id = $1 AND action IN ('LEASE', 'RECALL', 'EXPIRE')) running`,
      [tenantId],
    );
    return row?.most ?? 0;
  }
}
