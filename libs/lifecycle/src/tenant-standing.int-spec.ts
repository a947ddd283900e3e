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
});
