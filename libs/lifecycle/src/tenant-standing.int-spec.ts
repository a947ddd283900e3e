import { randomUUID } from 'node:crypto';
import { ChangeTenant } from './change-tenant';
import { isRefused } from './outcome';
import { ReinstateTenant } from './reinstate-tenant';
import { ReserveNumber } from './reserve-number';
import { SetQuotas } from './set-quotas';
import { SuspendTenant } from './suspend-tenant';
import {
  adminCaller,
  answerOf,
  as,
  codeOf,
  openLedger,
  parsed,
  tenantCaller,
  type Ledger,
} from './testing';

const HOUR_MS = 3_600_000;

describe('a tenant’s standing, plan and quotas', () => {
  let ledger: Ledger;
  const admin = as(adminCaller());
  const system = as({ sub: 'system:compliance', scopes: new Set() });
  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const reserve = (tenantId: string, number: string) =>
    ledger.module.get(ReserveNumber).run(as(tenantCaller(tenantId)), parsed(number));
  const event = (at: Date, id: string = randomUUID()) => ({
    topic: 'compliance.tenant.suspended',
    id,
    at,
  });
  const suspend = (tenantId: string, inbound?: ReturnType<typeof event>) =>
    ledger.module.get(SuspendTenant).run(inbound ? system : admin, tenantId, {
      ticketId: 'T-1',
      reason: 'fraud',
      cascade: false,
      inbound,
    });

  beforeAll(async () => {
    ledger = await openLedger();
  });
  afterAll(() => ledger.close());

  it('lets no claim of 60 callers begin after the suspension', async () => {
    const tenantId = 'raced';
    const quotas = { MSISDN: null, SHORT_CODE: null, ALPHA: null, maxHolds: null };
    const own = { ...quotas, maxActiveReservations: 100 };
    answerOf(await ledger.module.get(SetQuotas).run(admin, tenantId, own));
    const numbers = await ledger.numbers(60);
    const [suspended, ...outcomes] = await Promise.all([
      suspend(tenantId),
      ...numbers.map((number) => reserve(tenantId, number)),
    ]);
    expect(answerOf(suspended).status).toBe('SUSPENDED');
    for (const outcome of outcomes.filter(isRefused))
      expect(codeOf(outcome)).toBe('TENANT_SUSPENDED');
    const late = await rows(
      `SELECT l.lease_id FROM numbering.leases l, numbering.audit_log a
        WHERE a.action = 'TENANT_SUSPEND' AND a.tenant_id = $1
          AND l.tenant_id = $1 AND l.claimed_at > a.at`,
      [tenantId],
    );
    expect(late).toEqual([]);
    const [number = ''] = await ledger.numbers(1);
    expect(codeOf(await reserve(tenantId, number))).toBe('TENANT_SUSPENDED');
    answerOf(await ledger.module.get(ReinstateTenant).run(admin, tenantId));
    answerOf(await reserve(tenantId, number));
  });

  it('tells validators once a change, and nothing for a repeated or an older event', async () => {
    const now = new Date();
    const first = event(now);
    answerOf(await suspend('told', first));
    answerOf(await suspend('told', first));
    answerOf(await ledger.module.get(ReinstateTenant).run(admin, 'told'));
    const stale = answerOf(await suspend('told', event(new Date(now.getTime() - HOUR_MS))));
    expect(stale.status).toBe('ACTIVE');
    const told = await rows(
      `SELECT version::integer FROM numbering.outbox WHERE subject = 'TENANT' AND key = 'told' ORDER BY id`,
    );
    expect(told).toEqual([{ version: 2 }, { version: 3 }]);
  });

  it('counts an event whose sender’s clock runs ahead from now on', async () => {
    answerOf(await suspend('ahead', event(new Date(Date.now() + HOUR_MS))));
    const [{ now }] = await rows('SELECT clock_timestamp() AS now');
    const reinstated = await ledger.module.get(ReinstateTenant).run(system, 'ahead', event(now));
    expect(answerOf(reinstated).status).toBe('ACTIVE');
  });

  it('emits quota.changed for a plan that changes, with what is in force, and keeps the allowlist', async () => {
    const change = ledger.module.get(ChangeTenant);
    answerOf(await change.run(admin, 'planned', { plan: 'business', operatorAllowlist: ['AWCC'] }));
    const changed = answerOf(await change.run(admin, 'planned', { plan: 'premium' }));
    expect(changed).toMatchObject({ plan: 'premium', operatorAllowlist: ['AWCC'] });
    answerOf(await change.run(admin, 'planned', { plan: 'premium' }));
    expect(
      codeOf(await change.run(admin, 'planned', { plan: 'premium', operatorAllowlist: ['X'] })),
    ).toBe('VALIDATION_FAILED');
    const events = await rows(
      `SELECT payload -> 'data' AS data FROM numbering.outbox
        WHERE topic = 'numbering.quota.changed' AND key = 'planned' ORDER BY id`,
    );
    expect(events.map((row: { data: { plan: string } }) => row.data.plan)).toEqual([
      'business',
      'premium',
    ]);
    expect(events[1].data).toMatchObject({
      effective: { MSISDN: 1_000, maxHolds: 100 },
      changedBy: 'admin-1',
    });
  });

  it('emits quota.changed for quotas that change, whoever changes what at once, and none for the same again', async () => {
    const tenantId = 'set';
    const none = { SHORT_CODE: null, ALPHA: null, maxActiveReservations: null, maxHolds: null };
    const set = (MSISDN: number | null, sub: string) =>
      ledger.module.get(SetQuotas).run(as(adminCaller(sub)), tenantId, { MSISDN, ...none });
    answerOf(await set(3, 'one'));
    expect(answerOf(await set(3, 'two'))).toMatchObject({ MSISDN: 3, effective: { MSISDN: 3 } });
    // What the plan has anyway is an own quota once it is said: a change of plan leaves it.
    answerOf(await set(10, 'three'));
    answerOf(await set(null, 'four'));
    const told = () =>
      rows(
        `SELECT payload -> 'data' -> 'changedBy' AS by, payload -> 'data' -> 'effective' -> 'MSISDN' AS quota
           FROM numbering.outbox WHERE topic = 'numbering.quota.changed' AND key = $1 ORDER BY id`,
        [tenantId],
      );
    expect(await told()).toEqual([
      { by: 'one', quota: 3 },
      { by: 'three', quota: 10 },
      { by: 'four', quota: 10 },
    ]);
    const audits = () =>
      rows(
        `SELECT at, actor, detail -> 'before' -> 'MSISDN' AS before, detail -> 'after' -> 'MSISDN' AS after
           FROM numbering.audit_log WHERE action = 'QUOTA_CHANGE' AND tenant_id = $1 ORDER BY audit_id`,
        [tenantId],
      );
    expect(await audits()).toMatchObject([
      { actor: 'one', before: null, after: 3 },
      { actor: 'two', before: 3, after: 3 },
      { actor: 'three', before: 3, after: 10 },
      { actor: 'four', before: 10, after: null },
    ]);
    const quotas = Array.from({ length: 30 }, (_, i) => i);
    await Promise.all(quotas.map((quota) => set(quota, `raced-${quota}`)));
    const chain = (await audits()).slice(4);
    expect(chain).toHaveLength(quotas.length);
    chain.forEach((row: { at: Date; before: number | null }, i: number) => {
      expect(row.before).toBe(i === 0 ? null : chain[i - 1].after);
      if (i > 0) expect(row.at.getTime()).toBeGreaterThanOrEqual(chain[i - 1].at.getTime());
    });
    const [{ quota_version: version, msisdn }] = await rows(
      `SELECT t.quota_version, q.msisdn
         FROM numbering.tenants t JOIN numbering.tenant_quotas q USING (tenant_id)
        WHERE tenant_id = $1`,
      [tenantId],
    );
    expect([version, msisdn]).toEqual([3 + quotas.length, chain.at(-1).after]);
    expect((await told()).at(-1).quota).toBe(msisdn);
  });
});
