import { StoreUnavailable } from '@numbering/platform';
import { approving, openBillingDoor, type Asked, type BillingDoor } from './billing-door.fixture';
import { ExpireLeases } from './expire-leases';
import { RecallNumber } from './recall-number';
import { ReinstateTenant } from './reinstate-tenant';
import { openRenewalWorld, type LeaseMade, type RenewalWorld } from './renewal.fixture';
import { ResumeLease } from './resume-lease';
import { SetQuotas } from './set-quotas';
import { SuspendLease } from './suspend-lease';
import { SuspendTenant } from './suspend-tenant';
import { adminCaller, answerOf, as, parsed } from './testing';

jest.setTimeout(60_000);

const LEASES = 40;
const MAX_ASKS = 10;

/** On a machine with more to do than it can, a caller may have to ask again. */
async function again(other: () => Promise<unknown>): Promise<void> {
  for (let ask = 1; ; ask++) {
    try {
      await other();
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || ask === MAX_ASKS) throw error;
    }
  }
}

describe('between a question to billing and its answer', () => {
  let world: RenewalWorld;
  let door: BillingDoor;
  let tenants = 0;
  const aTenant = () => `tenant-${++tenants}`;
  beforeAll(async () => {
    door = await openBillingDoor();
    world = await openRenewalWorld({ BILLING_URL: door.url });
  });
  beforeEach(async () => {
    await world.rows('UPDATE numbering.leases SET auto_renew = false');
    door.asked.length = 0;
    door.answer(approving);
  });
  afterAll(async () => {
    await world.close();
    await door.close();
  });

  const admin = as(adminCaller());
  const suspendTenant = async (tenantId: string) => {
    const ask = { ticketId: 'T-1', cascade: false };
    answerOf(await world.ledger.module.get(SuspendTenant).run(admin, tenantId, ask));
  };
  const reinstate = async (tenantId: string) => {
    answerOf(await world.ledger.module.get(ReinstateTenant).run(admin, tenantId));
  };
  const recall = (identifier: string) =>
    world.ledger.module.get(RecallNumber).run(admin, parsed(identifier), {
      reason: 'NON_PAYMENT',
      actorId: 'admin-1',
    });
  /** Something happens while billing thinks, which then approves. */
  const meanwhile = (happens: (asked: Asked) => Promise<unknown>) =>
    door.answer(async (asked, response) => {
      await happens(asked);
      approving(asked, response);
    });
  const actionsOf = async ({ identifier }: LeaseMade) => {
    const audits = await world.rows<{ action: string }>(
      `SELECT action FROM numbering.audit_log WHERE identifier = $1 AND version > 2 ORDER BY version`,
      [identifier],
    );
    return audits.map(({ action }) => action);
  };
  const unusedOf = ({ leaseId }: LeaseMade) =>
    world.rows(
      `SELECT actor, tenant_id, detail -> 'identifier' AS identifier, detail -> 'reference' AS reference
         FROM numbering.audit_log WHERE action = 'RENEW_APPROVAL_UNUSED' AND lease_id = $1`,
      [leaseId],
    );
  const unusedRowOf = ({ identifier, tenantId, leaseId }: LeaseMade) => ({
    ...{ actor: 'system:renewal', tenant_id: tenantId, identifier },
    reference: `R-${leaseId}:${leaseId}:0`,
  });

  it('a recall wins: the approval is told, once, to be given back', async () => {
    const lease = await world.lease(aTenant());
    meanwhile(({ question }) => recall(question.identifier));
    expect(await world.run()).toMatchObject({ scanned: 1, failed: 0 });
    await world.run();
    expect(await actionsOf(lease)).toEqual(['RECALL', 'QUARANTINE']);
    expect(await unusedOf(lease)).toEqual([unusedRowOf(lease)]);
  });

  it('an expiry wins likewise', async () => {
    const lease = await world.lease(aTenant(), { endsIn: '-23 hours' });
    meanwhile(async () => {
      await world.rows(
        `UPDATE numbering.leases SET effective_until = effective_until - interval '2 hours'
          WHERE lease_id = $1`,
        [lease.leaseId],
      );
      await world.ledger.module.get(ExpireLeases).run();
    });
    await world.run();
    expect(await actionsOf(lease)).toEqual(['EXPIRE', 'QUARANTINE']);
    expect(await unusedOf(lease)).toEqual([unusedRowOf(lease)]);
  });

  it('a suspension of the tenant: the approval is kept, and used without a second question', async () => {
    const lease = await world.lease(aTenant());
    meanwhile(({ question }) => suspendTenant(question.tenantId));
    await world.run();
    door.answer(approving);
    await world.run();
    await reinstate(lease.tenantId);
    await world.run();
    expect(await actionsOf(lease)).toEqual(['RENEW_FAIL', 'RENEW']);
    expect(door.asked).toHaveLength(1);
    expect(await unusedOf(lease)).toEqual([]);
  });

  it('a suspension of the tenant after which the lease ends: the kept approval is told', async () => {
    const lease = await world.lease(aTenant());
    meanwhile(({ question }) => suspendTenant(question.tenantId));
    await world.run();
    answerOf(await recall(lease.identifier));
    await world.run();
    await world.run();
    expect(await unusedOf(lease)).toEqual([unusedRowOf(lease)]);
  });

  it('somebody holds the number: the answer is kept, and used without a second question', async () => {
    const lease = await world.lease(aTenant());
    const holder = world.ledger.source.createQueryRunner();
    await holder.startTransaction();
    meanwhile(({ question }) =>
      holder.query('SELECT 1 FROM numbering.identifiers WHERE identifier = $1 FOR UPDATE', [
        question.identifier,
      ]),
    );
    expect(await world.run()).toMatchObject({ changed: 0, failed: 1 });
    await holder.rollbackTransaction();
    await holder.release();
    expect(await world.run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    expect(await actionsOf(lease)).toEqual(['RENEW']);
    expect(door.asked).toHaveLength(1);
  });

  it('a lease that ends before an unanswered question is answered is not asked about again', async () => {
    const lease = await world.lease(aTenant());
    door.answer((_, response) => void response.writeHead(500).end());
    await world.run();
    answerOf(await recall(lease.identifier));
    const asked = door.asked.length;
    await world.run();
    const [attempt] = await world.rows(
      `SELECT answer, settled_at IS NOT NULL AS is_settled
         FROM numbering.renewal_attempts WHERE lease_id = $1`,
      [lease.leaseId],
    );
    expect(attempt).toEqual({ answer: null, is_settled: true });
    expect(door.asked).toHaveLength(asked);
    expect(await unusedOf(lease)).toEqual([]);
  });

  it('asks word for word the same again, even if the end has been moved meanwhile', async () => {
    const lease = await world.lease(aTenant());
    door.answer((_, response) => void response.writeHead(400).end());
    await world.run();
    await world.rows(
      `UPDATE numbering.leases SET effective_until = effective_until - interval '1 day'
        WHERE lease_id = $1`,
      [lease.leaseId],
    );
    door.answer(approving);
    await world.run();
    const [first, second] = door.asked;
    expect(second).toEqual(first);
    expect(await actionsOf(lease)).toEqual(['RENEW']);
  });

  it('several runs at once, beside recalls, suspensions and expiries, renew no term twice', async () => {
    const tenantId = aTenant();
    const none = { SHORT_CODE: null, ALPHA: null, maxActiveReservations: null, maxHolds: null };
    const quotas = { MSISDN: LEASES, ...none };
    answerOf(await world.ledger.module.get(SetQuotas).run(admin, tenantId, quotas));
    const leases: LeaseMade[] = [];
    for (let i = 0; i < LEASES; i++) {
      leases.push(await world.lease(tenantId, { endsIn: i % 3 === 0 ? '-23 hours' : '2 days' }));
    }
    const before = door.asked.length;
    const { module } = world.ledger;
    const aside = { reason: 'race' };
    const others = leases.flatMap(({ identifier }, i): (() => Promise<unknown>)[] => {
      const it = parsed(identifier);
      if (i % 5 === 0) return [() => recall(identifier)];
      if (i % 5 === 1) return [() => module.get(SuspendLease).run(admin, it, aside)];
      if (i % 5 === 2) {
        return [
          () => module.get(SuspendLease).run(admin, it, aside),
          () => module.get(ResumeLease).run(admin, it, aside),
        ];
      }
      return [];
    });
    await Promise.all([
      ...[1, 2, 3].map(() => world.run()),
      module.get(ExpireLeases).run(),
      ...others.map(again),
    ]);
    await world.run();
    const keys = new Set(door.asked.slice(before).map(({ idempotencyKey }) => idempotencyKey));
    expect(keys.size).toBeLessThanOrEqual(leases.length);
    const wrong = await world.rows(
      `SELECT l.identifier, l.state, renewals.n, terms.n AS terms, unused.n AS unused
         FROM numbering.leases l
        CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM numbering.audit_log
                             WHERE lease_id = l.lease_id AND action = 'RENEW') renewals
        CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM numbering.lease_history
                             WHERE identifier = l.identifier) terms
        CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM numbering.audit_log
                             WHERE lease_id = l.lease_id AND action = 'RENEW_APPROVAL_UNUSED') unused
        CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM numbering.renewal_attempts
                             WHERE lease_id = l.lease_id AND answer = 'APPROVED') approvals
        WHERE l.tenant_id = $1
          AND (renewals.n > 1 OR terms.n <> renewals.n + 1
               OR approvals.n <> renewals.n + unused.n
               OR (l.state IN ('LEASED', 'SUSPENDED') AND renewals.n <> 1))`,
      [tenantId],
    );
    expect(wrong).toEqual([]);
    const gaps = await world.rows(
      `SELECT i.identifier FROM numbering.identifiers i
         JOIN numbering.leases l USING (identifier)
        WHERE l.tenant_id = $1
          AND ((SELECT count(*) FROM numbering.audit_log WHERE identifier = i.identifier) <> i.version - 1
               OR (SELECT count(*) FROM numbering.outbox WHERE key = i.identifier) <> i.version - 1)`,
      [tenantId],
    );
    expect(gaps).toEqual([]);
  });
});
