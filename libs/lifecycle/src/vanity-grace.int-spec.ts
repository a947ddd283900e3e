import { brokenInvariants } from '@numbering/testing';
import { ExpireLeases } from './expire-leases';
import { RecallNumber } from './recall-number';
import { openRenewalWorld, type LeaseMade, type RenewalWorld } from './renewal.fixture';
import { SuspendTenant } from './suspend-tenant';
import { adminCaller, answerOf, as, parsed } from './testing';

const DAY_MS = 86_400_000;
/** As this world is configured; the defaults are 14 and 365. */
const GRACE_DAYS = 3;
const COOL_DOWN_DAYS = 2;
const RUNS_AT_ONCE = 4;
const LEASES = 8;

jest.setTimeout(60_000);

describe('US-NUM-012 the grace of a vanity lease', () => {
  let world: RenewalWorld;
  let tenants = 0;
  const aTenant = () => `tenant-${++tenants}`;
  const admin = as(adminCaller());
  beforeAll(async () => {
    world = await openRenewalWorld({
      VANITY_GRACE: `${GRACE_DAYS}d`,
      QUARANTINE_VANITY: `${COOL_DOWN_DAYS}d`,
      QUARANTINE_BY_REASON: 'ABUSE=1d',
    });
  });
  beforeEach(async () => {
    // What earlier tests have left due is none of this one's.
    await world.rows('UPDATE numbering.leases SET auto_renew = false');
  });
  afterAll(() => world.close());

  const leasesOf = async (count: number, endsIn: string): Promise<LeaseMade[]> => {
    const made: LeaseMade[] = [];
    for (let i = 0; i < count; i++) made.push(await world.vanityLease(aTenant(), { endsIn }));
    return made;
  };
  const endOf = async ({ leaseId }: LeaseMade): Promise<Date> => {
    const [row] = await world.rows<{ effective_until: Date }>(
      'SELECT effective_until FROM numbering.leases WHERE lease_id = $1',
      [leaseId],
    );
    if (!row) throw new Error('no such lease');
    return row.effective_until;
  };
  const standingOf = async ({ identifier }: LeaseMade) => {
    const [row] = await world.rows<{ state: string; available_at: Date | null }>(
      'SELECT state, available_at FROM numbering.identifiers WHERE identifier = $1',
      [identifier],
    );
    return row;
  };
  /** What became of a number since its lease began, as the audit log has it. */
  const actionsOf = async ({ identifier }: LeaseMade): Promise<string[]> => {
    const rows = await world.rows<{ action: string }>(
      `SELECT action FROM numbering.audit_log WHERE identifier = $1 AND version > 2 ORDER BY version`,
      [identifier],
    );
    return rows.map(({ action }) => action);
  };
  const tell = (answer: 'approve' | 'reject', leases: readonly LeaseMade[]) =>
    Promise.all(leases.map(({ tenantId }) => world.billing.tell(answer, tenantId)));
  const runsAtOnce = () => Promise.all(Array.from({ length: RUNS_AT_ONCE }, () => world.run()));
  const expireDue = () => world.ledger.module.get(ExpireLeases).run();
  const isSound = async (leases: readonly LeaseMade[]) => {
    const numbers = leases.map(({ identifier }) => identifier);
    expect(await brokenInvariants(world.rows, numbers)).toEqual([]);
  };
  /** As if what these leases remember of today had been yesterday. */
  const nextDay = (leases: readonly LeaseMade[]) =>
    world.rows(
      `UPDATE numbering.leases
          SET renewal_refused_at = renewal_refused_at - interval '1 day',
              renewal_skipped_at = renewal_skipped_at - interval '1 day',
              renewal_reminded_at = renewal_reminded_at - interval '1 day'
        WHERE lease_id = ANY ($1)`,
      [leases.map(({ leaseId }) => leaseId)],
    );

  it('is VANITY_GRACE long, counted from the end; then the cool-down is QUARANTINE_VANITY, counted from its end', async () => {
    const [within, over] = [
      await world.vanityLease(aTenant(), { endsIn: '-71 hours' }),
      await world.vanityLease(aTenant(), { endsIn: '-73 hours' }),
    ];
    const ended = await endOf(over);
    await expireDue();
    expect((await standingOf(within))?.state).toBe('LEASED');
    expect(await standingOf(over)).toEqual({
      state: 'QUARANTINE',
      available_at: new Date(ended.getTime() + (GRACE_DAYS + COOL_DOWN_DAYS) * DAY_MS),
    });
    await isSound([within, over]);
  });

  it('is none where the lease does not renew itself: it ends at its end', async () => {
    const lease = await world.vanityLease(aTenant(), { endsIn: '-1 second', autoRenew: false });
    const ended = await endOf(lease);
    await world.run();
    await expireDue();
    expect(await actionsOf(lease)).toEqual(['EXPIRE', 'QUARANTINE']);
    expect((await standingOf(lease))?.available_at).toEqual(
      new Date(ended.getTime() + COOL_DOWN_DAYS * DAY_MS),
    );
  });

  it('ends with a recall, whose cool-down is the vanity lease’s whatever the reason', async () => {
    const lease = await world.vanityLease(aTenant(), { endsIn: '-1 day' });
    const ask = { reason: 'ABUSE', ticketId: 'T-1', actorId: 'admin-1' } as const;
    const { availableAt } = answerOf(
      await world.ledger.module.get(RecallNumber).run(admin, parsed(lease.identifier), ask),
    );
    const [row] = await world.rows<{ at: Date }>(
      `SELECT at FROM numbering.audit_log WHERE identifier = $1 AND action = 'RECALL'`,
      [lease.identifier],
    );
    expect(availableAt.getTime() - (row?.at.getTime() ?? 0)).toBe(COOL_DOWN_DAYS * DAY_MS);
    expect((await standingOf(lease))?.available_at).toEqual(availableAt);
  });

  it(`of ${LEASES} refused leases is told once a day by ${RUNS_AT_ONCE} runs at once`, async () => {
    const leases = await leasesOf(LEASES, '-30 hours');
    await tell('reject', leases);
    await runsAtOnce();
    await runsAtOnce();
    const day = ['RENEW_FAIL', 'RENEW_REMIND'];
    for (const lease of leases) expect(await actionsOf(lease)).toEqual(day);
    await nextDay(leases);
    await runsAtOnce();
    for (const lease of leases) expect(await actionsOf(lease)).toEqual([...day, ...day]);
    await isSound(leases);
    const reminders = await world.rows(
      `SELECT count(*)::int AS n FROM numbering.outbox
        WHERE topic = 'numbering.lease.renewal_reminder' AND key = ANY ($1)`,
      [leases.map(({ identifier }) => identifier)],
    );
    expect(reminders).toEqual([{ n: 2 * LEASES }]);
  });

  it(`of ${LEASES} leases that billing approves at last ends in one renewal each, from the old end`, async () => {
    const leases = await leasesOf(LEASES, '-30 hours');
    const ends = new Map<LeaseMade, Date>();
    for (const lease of leases) ends.set(lease, await endOf(lease));
    await tell('reject', leases);
    await runsAtOnce();
    await nextDay(leases);
    await tell('approve', leases);
    await runsAtOnce();
    for (const lease of leases) {
      expect(await actionsOf(lease)).toEqual(['RENEW_FAIL', 'RENEW_REMIND', 'RENEW']);
      const [due] = await world.rows<{ a_year_on: Date }>(
        `SELECT $1::timestamptz + interval '1 year' AS a_year_on`,
        [ends.get(lease)],
      );
      expect(await endOf(lease)).toEqual(due?.a_year_on);
      const keys = (await world.billing.calls(lease.tenantId)).map((call) => call.idempotencyKey);
      expect(new Set(keys).size).toBe(2);
    }
    await isSound(leases);
  });

  it('of a suspended tenant goes on without a question: told and reminded once a day, over at its end', async () => {
    const lease = await world.vanityLease(aTenant(), { endsIn: '-30 hours' });
    const ask = { ticketId: 'T-1', cascade: false };
    answerOf(await world.ledger.module.get(SuspendTenant).run(admin, lease.tenantId, ask));
    await runsAtOnce();
    expect(await actionsOf(lease)).toEqual(['RENEW_FAIL', 'RENEW_REMIND']);
    expect(await world.billing.calls(lease.tenantId)).toEqual([]);
    await world.rows(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() - $2::interval
        WHERE lease_id = $1`,
      [lease.leaseId, `${GRACE_DAYS} days`],
    );
    await runsAtOnce();
    await expireDue();
    expect((await actionsOf(lease)).slice(2)).toEqual(['EXPIRE', 'QUARANTINE']);
    await isSound([lease]);
  });

  it('that is over is renewed or expires, never both, where runs and expiries meet', async () => {
    const leases = await leasesOf(2 * LEASES, `-${GRACE_DAYS} days`);
    await tell('approve', leases);
    await Promise.all([runsAtOnce(), expireDue(), expireDue()]);
    await expireDue();
    const ends = [['RENEW'], ['EXPIRE', 'QUARANTINE']];
    for (const lease of leases) expect(ends).toContainEqual(await actionsOf(lease));
    await isSound(leases);
    const [wrong] = await world.rows<{ n: number }>(
      `SELECT count(*)::int AS n
         FROM numbering.renewal_attempts r
        WHERE r.lease_id = ANY ($1) AND r.answer = 'APPROVED'
          AND NOT EXISTS (SELECT 1 FROM numbering.audit_log a
                           WHERE a.lease_id = r.lease_id
                             AND a.action IN ('RENEW', 'RENEW_APPROVAL_UNUSED'))`,
      [leases.map(({ leaseId }) => leaseId)],
    );
    expect(wrong).toEqual({ n: 0 });
  });
});
