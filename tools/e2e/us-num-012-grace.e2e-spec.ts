import { randomInt } from 'node:crypto';
import {
  eventually,
  testBilling,
  ValidatorClient,
  type TestBilling,
  letADayPass,
} from '@numbering/testing';
import { runJob } from './job.fixture';
import { openOwnStack, type OwnStack } from './own-stack.fixture';

const DAY_MS = 86_400_000;
const GRACE_MS = 14 * DAY_MS;
const YEAR_OF_COOL_DOWN_MS = 365 * DAY_MS;

interface VanityLease {
  tenantId: string;
  code: string;
  leaseId: string;
  price: object;
  /** Where the database's owner has moved its end. */
  endsAt: Date;
}

describe('US-NUM-012 the grace of a vanity lease', () => {
  let own: OwnStack;
  let billing: TestBilling;
  let validator: ValidatorClient;
  let tenants = 0;
  beforeAll(async () => {
    billing = await testBilling();
    const settings = {
      ...{ BILLING_URL: billing.url, RENEW_LEASES_AT: 'off', EXPIRE_LEASES_EVERY: '1s' },
      // The owner's own statements tell no validator.
      LEASE_CACHE_TTL: '1s',
    };
    own = await openOwnStack({ settings });
    validator = new ValidatorClient(own.validators[0]?.grpc ?? '', own.validatorToken);
  });
  afterAll(async () => {
    validator.close();
    await own.close();
    await billing.stop();
  });

  const done = async (status: number, asked: ReturnType<OwnStack['admin']['get']>) => {
    const answer = await asked;
    if (answer.status !== status) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const moved = async (leaseId: unknown, endsIn: string): Promise<Date> => {
    const [row] = await own.sql<{ ends_at: Date }>(
      `UPDATE numbering.leases
          SET effective_until = date_trunc('milliseconds', clock_timestamp()) + $2::interval
        WHERE lease_id = $1 RETURNING effective_until AS ends_at`,
      [leaseId, endsIn],
    );
    if (!row) throw new Error('no such lease');
    return row.ends_at;
  };
  const leased = async (endsIn: string, { autoRenew = true, term = '1y' } = {}) => {
    const [tenantId, code] = [`tenant-${++tenants}`, String(randomInt(10_000_000, 99_999_999))];
    const identifiers = [{ identifier: code, vanityEligible: true }];
    await done(200, own.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    const terms = { tenantId, term, autoRenew, vanityFlag: true };
    const { leaseId, price } = await done(201, own.admin.on(code, 'lease', terms));
    const endsAt = await moved(leaseId, endsIn);
    return { tenantId, code, leaseId: String(leaseId), price: price as object, endsAt };
  };
  const later = ({ endsAt }: VanityLease, ms: number) =>
    new Date(endsAt.getTime() + ms).toISOString();
  const shown = ({ code, tenantId }: VanityLease) =>
    done(200, own.admin.get(`/v1/numbers/${code}?tenantId=${tenantId}`));
  const verdictOf = async ({ code, tenantId }: VanityLease) => {
    const { valid, reason, graceUntil } = await validator.ask(code, tenantId);
    const at = graceUntil && graceUntil.seconds * 1_000 + graceUntil.nanos / 1_000_000;
    return [valid, reason, at && new Date(at).toISOString()];
  };
  /** What was told of the number since its lease began; this stack has no Kafka, so it waits in the outbox. */
  const told = ({ code }: VanityLease) =>
    own.sql<{ topic: string; data: Record<string, unknown> }>(
      `SELECT replace(topic, 'numbering.', '') AS topic, payload -> 'data' AS data
         FROM numbering.outbox WHERE key = $1 AND version > 2 ORDER BY version`,
      [code],
    );
  const trail = async ({ code }: VanityLease) => {
    const rows = await own.sql<{ action: string; from_state: string; to_state: string }>(
      `SELECT action, from_state, to_state FROM numbering.audit_log
        WHERE identifier = $1 AND version > 2 ORDER BY version`,
      [code],
    );
    return rows.map(({ action, from_state: from, to_state: to }) => `${action} ${from} ${to}`);
  };
  const KEPT = 'LEASED LEASED';
  const nextDay = ({ leaseId }: VanityLease) =>
    letADayPass((text, values) => own.sql(text, values), leaseId);
  const renewalRun = () =>
    runJob('renew-leases', {
      ...{ DATABASE_URL: own.databaseUrl, REDIS_URL: own.redis.url, BILLING_URL: billing.url },
    });
  const expired = (lease: VanityLease) =>
    eventually(async () => expect(await shown(lease)).toMatchObject({ state: 'QUARANTINE' }), {
      withinMs: 20_000,
    });

  it('keeps it valid for 14 days, reminds once a UTC day, renews from the old end when billing relents', async () => {
    const lease = await leased('-30 hours', { term: '3y' });
    await billing.tell('reject', lease.tenantId);
    const graceUntil = later(lease, GRACE_MS);
    const runs = await Promise.all([renewalRun(), renewalRun()]);
    // One did it; the other came while it was at it, or after it.
    expect(runs.map(({ code }) => code).filter((code) => code !== 75)).toContain(0);
    const daysLeft = Math.ceil(14 - 30 / 24);
    const day = [
      ['lease.renewal_failed', { reason: 'BILLING_REJECTED', graceUntil }],
      ['lease.renewal_reminder', { graceUntil, daysLeft }],
    ] as const;
    const ofDays = (count: number) =>
      Array.from({ length: count }, () => day)
        .flat()
        .map(([topic, data]) => ({ topic, data }));
    expect(await told(lease)).toMatchObject(ofDays(1));
    expect(await verdictOf(lease)).toEqual([true, '', graceUntil]);
    expect(await shown(lease)).toMatchObject({ state: 'LEASED', vanity: true, graceUntil });
    await nextDay(lease);
    await renewalRun();
    expect(await told(lease)).toMatchObject(ofDays(2));
    const days = [`RENEW_FAIL ${KEPT}`, `RENEW_REMIND ${KEPT}`];
    expect(await trail(lease)).toEqual([...days, ...days]);

    await nextDay(lease);
    await billing.tell('approve', lease.tenantId);
    await renewalRun();
    const [row] = await own.sql(
      `SELECT effective_until = $2::timestamptz + interval '3 years' AS is_from_the_old_end
         FROM numbering.leases WHERE lease_id = $1`,
      [lease.leaseId, lease.endsAt],
    );
    expect(row).toEqual({ is_from_the_old_end: true });
    expect((await trail(lease)).slice(4)).toEqual([`RENEW ${KEPT}`]);
    expect(await shown(lease)).not.toHaveProperty('graceUntil');
    const calls = await billing.calls(lease.tenantId);
    expect(new Set(calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3);
    for (const { body } of calls) {
      expect(body).toMatchObject({ vanity: true, term: '3y', price: lease.price });
    }
  });

  it('ends it where nobody paid: refused at once, expired, cooled down for a year from the grace’s end', async () => {
    const lease = await leased('-13 days -23 hours');
    await billing.tell('reject', lease.tenantId);
    await renewalRun();
    expect((await told(lease)).at(-1)).toMatchObject({
      ...{ topic: 'lease.renewal_reminder', data: { daysLeft: 1 } },
    });
    expect(await verdictOf(lease)).toEqual([true, '', later(lease, GRACE_MS)]);
    const endsAt = await moved(lease.leaseId, '-14 days');
    const over = { ...lease, endsAt };
    await eventually(async () =>
      expect((await verdictOf(over)).slice(0, 2)).toEqual([false, 'LEASE_EXPIRED']),
    );
    await expired(over);
    const availableAt = later(over, GRACE_MS + YEAR_OF_COOL_DOWN_MS);
    expect(await shown(over)).toMatchObject({ availableAt });
    expect((await trail(over)).slice(-2)).toEqual([
      'EXPIRE LEASED EXPIRED',
      'QUARANTINE EXPIRED QUARANTINE',
    ]);
    expect((await told(over)).slice(-2)).toMatchObject([
      { topic: 'lease.expired', data: { effectiveUntil: endsAt.toISOString() } },
      { topic: 'identifier.quarantined', data: { availableAt } },
    ]);
  });

  it('is none for a lease that does not renew itself: over at its end, and a year from there', async () => {
    const lease = await leased('0 seconds', { autoRenew: false });
    expect((await verdictOf(lease)).slice(0, 2)).toEqual([false, 'LEASE_EXPIRED']);
    await expired(lease);
    expect(await shown(lease)).toMatchObject({ availableAt: later(lease, YEAR_OF_COOL_DOWN_MS) });
    expect(await trail(lease)).toEqual(['EXPIRE LEASED EXPIRED', 'QUARANTINE EXPIRED QUARANTINE']);
  });

  it('of a suspended tenant: not valid, not renewed, told and reminded; valid again when reinstated', async () => {
    const lease = await leased('-2 days');
    const graceUntil = later(lease, GRACE_MS);
    const tenant = `/v1/admin/numbering/tenants/${lease.tenantId}`;
    const why = { ticketId: 'T-12', reason: 'a test', cascade: false };
    await done(200, own.admin.post(`${tenant}/suspend`, why));
    await renewalRun();
    expect(await told(lease)).toMatchObject([
      { topic: 'lease.renewal_failed', data: { reason: 'TENANT_SUSPENDED', graceUntil } },
      { topic: 'lease.renewal_reminder', data: { graceUntil, daysLeft: 12 } },
    ]);
    expect(await verdictOf(lease)).toEqual([false, 'LEASE_SUSPENDED', graceUntil]);
    expect(await billing.calls(lease.tenantId)).toEqual([]);
    await done(200, own.admin.post(`${tenant}/reinstate`, {}));
    await eventually(async () => expect(await verdictOf(lease)).toEqual([true, '', graceUntil]));
    await renewalRun();
    expect((await trail(lease)).at(-1)).toBe(`RENEW ${KEPT}`);
  });

  it('recalled in it: 365 days from the recall, not from any end', async () => {
    const lease = await leased('-5 days');
    const ask = { reason: 'TENANT_REQUEST', actorId: 'admin' };
    const { availableAt } = await done(200, own.admin.on(lease.code, 'recall', ask));
    const [row] = await own.sql<{ at: Date }>(
      `SELECT at FROM numbering.audit_log WHERE identifier = $1 AND action = 'RECALL'`,
      [lease.code],
    );
    const recalledAt = row?.at.getTime() ?? 0;
    expect(availableAt).toBe(new Date(recalledAt + YEAR_OF_COOL_DOWN_MS).toISOString());
    expect(await trail(lease)).toEqual([
      'RECALL LEASED RECALLED',
      'QUARANTINE RECALLED QUARANTINE',
    ]);
  });
});
