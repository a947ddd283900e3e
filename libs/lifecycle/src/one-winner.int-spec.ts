import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { isRefused } from './outcome';
import { RecallNumber } from './recall-number';
import { ReleaseDueClaims } from './release-due-claims';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import {
  adminCaller,
  answerOf,
  as,
  codeOf,
  openLedger,
  parsed,
  tenantCaller,
  termOf,
  type Ledger,
} from './testing';

describe('claims on the real database', () => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await openLedger();
  });
  afterAll(() => ledger.close());

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);

  it('lets one of 200 callers win a number, and the database says so too', async () => {
    const [number = ''] = await ledger.numbers(1);
    const reserve = ledger.module.get(ReserveNumber);
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        reserve.run(as(tenantCaller(`race-${i % 20}`)), parsed(number)),
      ),
    );
    expect(outcomes.filter((outcome) => !isRefused(outcome))).toHaveLength(1);
    const refused = outcomes.flatMap((outcome) => (isRefused(outcome) ? [outcome.refusal] : []));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['INVALID_STATE']));
    const claims = await rows('SELECT state FROM numbering.leases WHERE identifier = $1', [number]);
    expect(claims).toEqual([{ state: 'RESERVED' }]);
    const audits = await rows('SELECT version FROM numbering.audit_log WHERE identifier = $1', [
      number,
    ]);
    expect(audits).toEqual([{ version: 2 }]);
  });

  it('walks reserve, hold, lease, recall with one audit row and one event a version', async () => {
    const [number = ''] = await ledger.numbers(1);
    const who = as(tenantCaller('walker'));
    const { leaseId } = answerOf(await ledger.module.get(ReserveNumber).run(who, parsed(number)));
    expect(answerOf(await ledger.module.get(HoldNumber).run(who, parsed(number))).leaseId).toBe(
      leaseId,
    );
    const leased = answerOf(
      await ledger.module.get(LeaseNumber).run(who, parsed(number), {
        tenantId: 'walker',
        term: termOf('30d'),
        autoRenew: false,
        vanity: false,
      }),
    );
    expect(leased.leaseId).toBe(leaseId);
    expect(leased.price).toEqual({ setup: 50_000, monthly: 20_000, currency: 'AFN' });
    const recalled = answerOf(
      await ledger.module.get(RecallNumber).run(as(adminCaller()), parsed(number), {
        reason: 'ABUSE',
        actorId: 'admin-1',
        ticketId: 'T-1',
      }),
    );
    expect(recalled).toMatchObject({ leaseState: 'RECALLED', state: 'QUARANTINE' });
    expect(codeOf(await ledger.module.get(ReserveNumber).run(who, parsed(number)))).toBe(
      'QUARANTINE_ACTIVE',
    );
    const audit = await rows(
      `SELECT action, from_state, to_state, version FROM numbering.audit_log
        WHERE identifier = $1 ORDER BY version`,
      [number],
    );
    expect(audit).toEqual([
      { action: 'RESERVE', from_state: 'AVAILABLE', to_state: 'RESERVED', version: 2 },
      { action: 'HOLD', from_state: 'RESERVED', to_state: 'HELD', version: 3 },
      { action: 'LEASE', from_state: 'HELD', to_state: 'LEASED', version: 4 },
      { action: 'RECALL', from_state: 'LEASED', to_state: 'RECALLED', version: 5 },
      { action: 'QUARANTINE', from_state: 'RECALLED', to_state: 'QUARANTINE', version: 6 },
    ]);
    const events = await rows(
      `SELECT topic, version::integer FROM numbering.outbox WHERE key = $1 ORDER BY id`,
      [number],
    );
    expect(events).toEqual([
      { topic: 'numbering.reservation.held', version: 2 },
      { topic: 'numbering.reservation.held', version: 3 },
      { topic: 'numbering.lease.created', version: 4 },
      { topic: 'numbering.lease.recalled', version: 5 },
      { topic: 'numbering.identifier.quarantined', version: 6 },
    ]);
    const [tenant] = await rows(
      `SELECT leased_msisdn FROM numbering.tenants WHERE tenant_id = 'walker'`,
    );
    expect(tenant).toEqual({ leased_msisdn: 0 });
  });

  it('counts a lapsed claim as lapsed at once, and frees it by the engine exactly once', async () => {
    const [one = '', two = ''] = await ledger.numbers(2);
    const reserve = ledger.module.get(ReserveNumber);
    const mine = answerOf(await reserve.run(as(tenantCaller('early')), parsed(one)));
    answerOf(await reserve.run(as(tenantCaller('early')), parsed(two)));
    await rows(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() - interval '1 second'
        WHERE tenant_id = 'early'`,
    );
    expect(
      codeOf(await ledger.module.get(ReleaseNumber).run(as(tenantCaller('early')), parsed(one))),
    ).toBe('INVALID_STATE');
    const next = answerOf(await reserve.run(as(tenantCaller('late')), parsed(one)));
    expect(next.leaseId).not.toBe(mine.leaseId);
    const release = ledger.module.get(ReleaseDueClaims);
    const runs = await Promise.all([release.run(), release.run(), release.run()]);
    expect(runs.reduce((sum, run) => sum + run.changed, 0)).toBe(1);
    const audit = await rows(
      `SELECT identifier, action, version FROM numbering.audit_log
        WHERE identifier = ANY ($1) ORDER BY identifier, version`,
      [[one, two]],
    );
    expect(audit).toEqual([
      { identifier: one, action: 'RESERVE', version: 2 },
      { identifier: one, action: 'TTL_EXPIRE', version: 3 },
      { identifier: one, action: 'RESERVE', version: 4 },
      { identifier: two, action: 'RESERVE', version: 2 },
      { identifier: two, action: 'TTL_EXPIRE', version: 3 },
    ]);
  });

  it('answers a repeat under one Idempotency-Key with the first answer, refusals too', async () => {
    const [number = ''] = await ledger.numbers(1);
    const reserve = ledger.module.get(ReserveNumber);
    const caller = tenantCaller('repeat');
    const first = await reserve.run(as(caller, 'k1'), parsed(number));
    const again = await reserve.run(as(caller, 'k1'), parsed(number));
    expect(again.replayed).toBe(true);
    expect(JSON.parse(JSON.stringify(answerOf(first)))).toEqual(answerOf(again));
    expect(codeOf(await reserve.run(as(caller, 'k1', 'other'), parsed(number)))).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    expect(codeOf(await reserve.run(as(caller, 'k2'), parsed(number)))).toBe('INVALID_STATE');
    const refusedAgain = await reserve.run(as(caller, 'k2'), parsed(number));
    expect([codeOf(refusedAgain), refusedAgain.replayed]).toEqual(['INVALID_STATE', true]);
  });

  it('makes one claim of 30 calls at once under one Idempotency-Key', async () => {
    const [number = ''] = await ledger.numbers(1);
    const caller = tenantCaller('hasty');
    const reserve = ledger.module.get(ReserveNumber);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () => reserve.run(as(caller, 'once'), parsed(number))),
    );
    const codes = outcomes.flatMap((each) => (isRefused(each) ? [each.refusal.code] : []));
    expect(new Set([...codes, 'IDEMPOTENCY_IN_PROGRESS'])).toEqual(
      new Set(['IDEMPOTENCY_IN_PROGRESS']),
    );
    const claims = await rows('SELECT 1 FROM numbering.leases WHERE identifier = $1', [number]);
    expect(claims).toHaveLength(1);
  });
});
