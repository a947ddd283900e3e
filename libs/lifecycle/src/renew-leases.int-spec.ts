import { letADayPass } from '@numbering/testing';
import { ExpireLeases } from './expire-leases';
import { ReinstateTenant } from './reinstate-tenant';
import { openRenewalWorld, type LeaseMade, type RenewalWorld } from './renewal.fixture';
import { SetQuotas } from './set-quotas';
import { SuspendLease } from './suspend-lease';
import { SuspendTenant } from './suspend-tenant';
import { adminCaller, answerOf, as, parsed } from './testing';

const DAY_MS = 86_400_000;
const HISTORY = `
  SELECT h.lease_id, h.prior_lease_id, h.effective_from, h.effective_until
    FROM numbering.lease_history h
   WHERE h.identifier = $1
   ORDER BY h.recorded_at, h.effective_from`;

interface LeaseRow {
  state: string;
  effective_until: Date;
}

jest.setTimeout(30_000);

describe('a renewal run', () => {
  let world: RenewalWorld;
  let tenants = 0;
  const aTenant = () => `tenant-${++tenants}`;
  beforeAll(async () => {
    world = await openRenewalWorld();
  });
  beforeEach(async () => {
    await world.billing.tell('approve');
    // What earlier tests have left due is none of this one's.
    await world.rows('UPDATE numbering.leases SET auto_renew = false');
  });
  afterAll(() => world.close());

  const leaseOf = async ({ leaseId }: LeaseMade): Promise<LeaseRow> => {
    const [row] = await world.rows<LeaseRow>('SELECT * FROM numbering.leases WHERE lease_id = $1', [
      leaseId,
    ]);
    if (!row) throw new Error('no such lease');
    return row;
  };
  /** What renewals told of a number or a tenant, without the members that every event has. */
  const toldOf = async (key: string) => {
    const events = await world.rows<{ topic: string; data: Record<string, unknown> }>(
      `SELECT topic, payload -> 'data' AS data FROM numbering.outbox
        WHERE key = $1 AND topic ~ 'renew|quota.exceeded|expired|quarantined'
        ORDER BY id`,
      [key],
    );
    return events.map(({ topic, data }) => {
      const { identifier, identifierVersion, tenantId, leaseId, ...own } = data;
      expect(identifier ?? tenantId).toBe(key);
      expect(identifierVersion === undefined).toBe(leaseId === undefined);
      if (identifier) delete own.identifierClass;
      return [topic.replace('numbering.', ''), own];
    });
  };
  const actionsOf = async ({ identifier }: LeaseMade) => {
    const audits = await world.rows<{ action: string }>(
      `SELECT action FROM numbering.audit_log WHERE identifier = $1 AND version > 2 ORDER BY version`,
      [identifier],
    );
    return audits.map(({ action }) => action);
  };
  const nextDay = ({ leaseId }: LeaseMade) => letADayPass(world.rows, leaseId);
  const keysAskedBy = async (tenantId: string) =>
    (await world.billing.calls(tenantId)).map(({ idempotencyKey }) => idempotencyKey);
  const suspendTenant = (tenantId: string) =>
    world.ledger.module
      .get(SuspendTenant)
      .run(as(adminCaller()), tenantId, { ticketId: 'T-1', cascade: false });
  const reinstate = (tenantId: string) =>
    world.ledger.module.get(ReinstateTenant).run(as(adminCaller()), tenantId);
  const expireDue = () => world.ledger.module.get(ExpireLeases).run();

  it('renews from the old end, and writes the new term behind the old one', async () => {
    const lease = await world.lease(aTenant());
    const before = await leaseOf(lease);
    expect(await world.run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    const after = await leaseOf(lease);
    expect(after.effective_until.getTime() - before.effective_until.getTime()).toBe(30 * DAY_MS);
    const [first, second, ...more] = await world.rows(HISTORY, [lease.identifier]);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ lease_id: lease.leaseId, prior_lease_id: null });
    expect(second).toMatchObject({
      prior_lease_id: lease.leaseId,
      effective_from: before.effective_until,
      effective_until: after.effective_until,
    });
    const data = {
      historyLeaseId: second?.lease_id,
      priorLeaseId: lease.leaseId,
      effectiveUntil: after.effective_until.toISOString(),
    };
    expect(await toldOf(lease.identifier)).toEqual([['lease.renewed', data]]);
    expect(await world.run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
    const [call] = await world.billing.calls(lease.tenantId);
    expect(call?.body).toEqual({
      ...{ leaseId: lease.leaseId, tenantId: lease.tenantId, identifier: lease.identifier },
      ...{ identifierClass: 'MSISDN', vanity: false, term: '30d' },
      effectiveFrom: before.effective_until.toISOString(),
      effectiveUntil: after.effective_until.toISOString(),
      price: { setup: 50_000, monthly: 20_000, currency: 'AFN' },
    });
  });

  it('tells a refusal, does not ask again that day, and asks anew the next day', async () => {
    const lease = await world.lease(aTenant());
    const before = await leaseOf(lease);
    await world.billing.tell('reject', lease.tenantId);
    expect(await world.run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    expect(await world.run()).toEqual({ scanned: 1, changed: 0, failed: 0 });
    expect((await leaseOf(lease)).effective_until).toEqual(before.effective_until);
    expect(await toldOf(lease.identifier)).toEqual([
      ['lease.renewal_failed', { reason: 'BILLING_REJECTED' }],
    ]);
    await world.billing.tell('approve', lease.tenantId);
    await nextDay(lease);
    await world.run();
    const keys = await keysAskedBy(lease.tenantId);
    expect([keys.length, new Set(keys).size]).toEqual([2, 2]);
    expect(await actionsOf(lease)).toEqual(['RENEW_FAIL', 'RENEW']);
  });

  it('counts a question without an answer as failed and asks it again under its own key', async () => {
    const lease = await world.lease(aTenant(), { endsIn: '-1 hour' });
    await world.billing.tell('error', lease.tenantId);
    expect(await world.run()).toEqual({ scanned: 1, changed: 0, failed: 1 });
    await expireDue();
    expect((await leaseOf(lease)).state).toBe('LEASED');
    expect(await toldOf(lease.identifier)).toEqual([]);
    await world.billing.tell('approve', lease.tenantId);
    expect(await world.run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    const keys = await keysAskedBy(lease.tenantId);
    expect([keys.length, new Set(keys).size]).toEqual([4, 1]);
    expect(await actionsOf(lease)).toEqual(['RENEW']);
  });

  it('lets a lease without an answer live 24 hours past its end, and no longer', async () => {
    const lease = await world.lease(aTenant(), { endsIn: '-25 hours' });
    const { effective_until: end } = await leaseOf(lease);
    await expireDue();
    expect((await leaseOf(lease)).state).toBe('EXPIRED');
    const availableAt = new Date(end.getTime() + 91 * DAY_MS).toISOString();
    expect(await toldOf(lease.identifier)).toEqual([
      ['lease.expired', { effectiveUntil: end.toISOString() }],
      ['identifier.quarantined', { availableAt }],
    ]);
  });

  it('ends a refused lease at its end, and asks nobody about it behind that', async () => {
    const lease = await world.lease(aTenant(), { endsIn: '1 hour' });
    await world.billing.tell('reject', lease.tenantId);
    await world.run();
    await world.rows(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() WHERE lease_id = $1`,
      [lease.leaseId],
    );
    await nextDay(lease);
    expect(await world.run()).toMatchObject({ changed: 0 });
    await expireDue();
    expect((await leaseOf(lease)).state).toBe('EXPIRED');
    expect(await keysAskedBy(lease.tenantId)).toHaveLength(1);
  });

  it('skips a suspended tenant, tells it once a day, and renews after the reinstatement', async () => {
    const lease = await world.lease(aTenant());
    answerOf(await suspendTenant(lease.tenantId));
    expect(await world.run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    expect(await world.run()).toEqual({ scanned: 1, changed: 0, failed: 0 });
    await nextDay(lease);
    await world.run();
    const told = await toldOf(lease.identifier);
    expect(told).toMatchObject([
      ['lease.renewal_failed', { reason: 'TENANT_SUSPENDED' }],
      ['lease.renewal_failed', { reason: 'TENANT_SUSPENDED' }],
    ]);
    expect(await keysAskedBy(lease.tenantId)).toEqual([]);
    answerOf(await reinstate(lease.tenantId));
    await world.run();
    expect(await actionsOf(lease)).toEqual(['RENEW_FAIL', 'RENEW_FAIL', 'RENEW']);
  });

  it('renews a suspended lease as a leased one', async () => {
    const lease = await world.lease(aTenant());
    const aside = { reason: 'looked into' };
    const it = parsed(lease.identifier);
    answerOf(await world.ledger.module.get(SuspendLease).run(as(adminCaller()), it, aside));
    await world.run();
    expect(await actionsOf(lease)).toEqual(['SUSPEND', 'RENEW']);
    expect((await leaseOf(lease)).state).toBe('SUSPENDED');
  });

  it('renews above the quota, with one warning', async () => {
    const tenantId = aTenant();
    const leases = [await world.lease(tenantId), await world.lease(tenantId)];
    const none = { SHORT_CODE: null, ALPHA: null, maxActiveReservations: null, maxHolds: null };
    answerOf(
      await world.ledger.module
        .get(SetQuotas)
        .run(as(adminCaller()), tenantId, { MSISDN: 1, ...none }),
    );
    expect(await world.run()).toEqual({ scanned: 2, changed: 2, failed: 0 });
    for (const lease of leases) expect(await actionsOf(lease)).toEqual(['RENEW']);
    expect(await toldOf(tenantId)).toEqual([
      ['quota.exceeded', { identifierClass: 'MSISDN', quota: 1, current: 2 }],
    ]);
  });

  it('keeps a vanity lease through its grace, reminds once a day, and renews from the old end', async () => {
    const lease = await world.vanityLease(aTenant(), { endsIn: '-30 hours' });
    const { effective_until: end } = await leaseOf(lease);
    await world.billing.tell('reject', lease.tenantId);
    await world.run();
    await world.run();
    await expireDue();
    const graceUntil = new Date(end.getTime() + 14 * DAY_MS).toISOString();
    expect(await toldOf(lease.identifier)).toEqual([
      ['lease.renewal_failed', { reason: 'BILLING_REJECTED', graceUntil }],
      ['lease.renewal_reminder', { graceUntil, daysLeft: 13 }],
    ]);
    await nextDay(lease);
    await world.run();
    await world.billing.tell('approve', lease.tenantId);
    await nextDay(lease);
    await world.run();
    const day = ['RENEW_FAIL', 'RENEW_REMIND'];
    expect(await actionsOf(lease)).toEqual([...day, ...day, 'RENEW']);
    const after = await leaseOf(lease);
    expect(after.state).toBe('LEASED');
    const aYear = new Date(end);
    aYear.setUTCFullYear(end.getUTCFullYear() + 1);
    expect(after.effective_until).toEqual(aYear);
  });

  it('ends a vanity lease with its grace, and cools it down for a year from there', async () => {
    const lease = await world.vanityLease(aTenant(), { endsIn: '-15 days' });
    const { effective_until: end } = await leaseOf(lease);
    await expireDue();
    const availableAt = new Date(end.getTime() + (14 + 365) * DAY_MS).toISOString();
    expect((await toldOf(lease.identifier)).at(-1)).toEqual([
      'identifier.quarantined',
      { availableAt },
    ]);
  });

  it('does not wait for a late expiry run: what is past its end and not refused is still renewed', async () => {
    const lease = await world.lease(aTenant(), { term: '1d', endsIn: '-58 hours' });
    const { effective_until: end } = await leaseOf(lease);
    expect(await world.run()).toMatchObject({ changed: 3, failed: 0 });
    expect((await leaseOf(lease)).effective_until.getTime() - end.getTime()).toBe(3 * DAY_MS);
    const terms = await world.rows<{ lease_id: string; prior_lease_id: string | null }>(HISTORY, [
      lease.identifier,
    ]);
    expect(terms.map((term) => term.prior_lease_id)).toEqual([
      null,
      ...terms.slice(0, -1).map((term) => term.lease_id),
    ]);
    expect(new Set(await keysAskedBy(lease.tenantId)).size).toBe(3);
  });

  it.each([
    ['30d', '7 days 1 hour', 0],
    ['30d', '6 days 23 hours', 1],
    ['4d', '49 hours', 0],
    ['4d', '47 hours', 1],
    ['P1W', '3 days 13 hours', 0],
    ['P1W', '3 days 11 hours', 1],
    ['1d', '13 hours', 0],
    ['1d', '11 hours', 1],
  ])('a lease of %s that ends in %s: %i due', async (term, endsIn, due) => {
    await world.lease(aTenant(), { term, endsIn });
    expect(await world.run()).toEqual({ scanned: due, changed: due, failed: 0 });
  });

  it('leaves alone what does not renew itself', async () => {
    await world.lease(aTenant(), { autoRenew: false, endsIn: '-1 minute' });
    expect(await world.run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
  });

  it('renews everybody else where one lease cannot be written, and keeps its approval', async () => {
    const tenantId = aTenant();
    const [broken, sound] = [await world.lease(tenantId), await world.lease(tenantId)];
    const noTerm = '00000000-0000-4000-8000-000000000000';
    await world.rows('UPDATE numbering.leases SET term_id = $2 WHERE lease_id = $1', [
      broken.leaseId,
      noTerm,
    ]);
    expect(await world.run()).toEqual({ scanned: 2, changed: 1, failed: 1 });
    expect(await actionsOf(sound)).toEqual(['RENEW']);
    const [attempt] = await world.rows(
      'SELECT answer, settled_at FROM numbering.renewal_attempts WHERE lease_id = $1',
      [broken.leaseId],
    );
    expect(attempt).toEqual({ answer: 'APPROVED', settled_at: null });
    await world.rows('UPDATE numbering.leases SET term_id = NULL WHERE lease_id = $1', [
      broken.leaseId,
    ]);
    await world.rows(
      'UPDATE numbering.renewal_attempts SET term_id = lease_id WHERE term_id = $1',
      [noTerm],
    );
  });

  it('asks nobody once it is told to stop', async () => {
    const lease = await world.lease(aTenant());
    expect(await world.run(AbortSignal.abort())).toEqual({ scanned: 0, changed: 0, failed: 0 });
    expect(await keysAskedBy(lease.tenantId)).toEqual([]);
  });
});
