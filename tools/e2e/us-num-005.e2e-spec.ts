import { randomInt } from 'node:crypto';
import {
  BillingControl,
  eventually,
  Suite,
  TopicTap,
  ValidatorClient,
  type BillingTells,
  type TestTenant,
  letADayPass,
} from '@numbering/testing';
import { runJob } from './job.fixture';

const TOPICS = [
  'numbering.lease.renewed',
  'numbering.lease.renewal_failed',
  'numbering.lease.renewal_reminder',
  'numbering.lease.expired',
  'numbering.identifier.quarantined',
  'numbering.quota.exceeded',
];
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const WRITER = 'numbering:read numbering:write numbering:lease:bypass';

interface Made {
  tenant: TestTenant;
  number: string;
  leaseId: string;
  endsAt: Date;
}

describe('US-NUM-005 leases renew themselves', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  const billing = new BillingControl(suite.stack.services.billing.url);
  let validator: ValidatorClient;

  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, TOPICS);
    const [{ grpc = '' } = {}] = suite.stack.apps['lease-validator'];
    validator = new ValidatorClient(grpc, suite.stack.tokens.validator);
  });
  afterAll(async () => {
    validator.close();
    await tap.close();
    await suite.close();
  });

  /** A lease whose end the database's owner has moved. */
  const leased = async (
    endsIn: string,
    {
      tenant,
      term = '30d',
      vanity = false,
    }: { tenant?: TestTenant; term?: string; vanity?: boolean } = {},
  ): Promise<Made> => {
    const holder = tenant ?? (await suite.tenant('business', WRITER));
    const number = vanity ? await vanityNumber() : ((await suite.numbers())[0] ?? '');
    const { leaseId } = await suite.expect(
      201,
      holder.api.on(number, 'lease', {
        ...{ tenantId: holder.id, term: vanity ? '1y' : term, autoRenew: true },
        ...(vanity ? { vanityFlag: true } : {}),
      }),
    );
    const [row] = await suite.sql<{ ends_at: Date }>(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() + $2::interval
        WHERE lease_id = $1 RETURNING effective_until AS ends_at`,
      [leaseId, endsIn],
    );
    if (!row) throw new Error('no such lease');
    return { tenant: holder, number, leaseId: String(leaseId), endsAt: row.ends_at };
  };
  const vanityNumber = async (): Promise<string> => {
    const identifier = String(randomInt(10_000_000, 99_999_999));
    const identifiers = [{ identifier, operatorId: 'ROSHAN', vanityEligible: true }];
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    return identifier;
  };
  const told = async (answer: BillingTells, made: Made): Promise<Made> => {
    await billing.tell(answer, made.tenant.id);
    return made;
  };
  const shown = ({ tenant, number }: Made) =>
    suite.expect(200, tenant.api.get(`/v1/numbers/${encodeURIComponent(number)}`));
  const history = ({ number }: Made) =>
    suite.sql<{ lease_id: string; prior_lease_id: string | null; effective_until: Date }>(
      `SELECT lease_id, prior_lease_id, effective_from, effective_until
         FROM numbering.lease_history WHERE identifier = $1 ORDER BY recorded_at`,
      [number],
    );
  const eventsOf = async ({ number }: Made, count: number) =>
    (await tap.of(number, count)).map(({ topic, data }) => [topic.replace('numbering.', ''), data]);
  const keysOf = async ({ tenant }: Made) =>
    (await billing.calls(tenant.id)).map(({ idempotencyKey }) => idempotencyKey);
  const isRenewed = async (made: Made): Promise<boolean> => (await history(made)).length === 2;
  const nextDay = ({ leaseId }: Made) =>
    letADayPass((text, values) => suite.sql(text, values), leaseId);

  it('within 7 days of the end: extended by its term from the old end, a history row behind the old one, an event', async () => {
    const [due, early] = [await leased('3 days'), await leased('8 days')];
    const half = await leased('3 days', { term: '4d' });
    const { code, line } = await runJob('renew-leases');
    expect(code).toBe(0);
    expect(line).toEqual({
      job: 'renew-leases',
      ...{ scanned: expect.any(Number), changed: expect.any(Number), failed: 0 },
      durationMs: expect.any(Number),
    });
    // Of a ledger that all tests share.
    expect(line?.changed).toBeGreaterThanOrEqual(1);
    const until = new Date(due.endsAt.getTime() + 30 * DAY_MS);
    const [first, second] = await history(due);
    expect(first).toMatchObject({ lease_id: due.leaseId, prior_lease_id: null });
    expect(second).toMatchObject({ prior_lease_id: due.leaseId, effective_until: until });
    expect(await shown(due)).toMatchObject({
      ...{ leaseId: due.leaseId, state: 'LEASED', effectiveUntil: until.toISOString() },
    });
    expect(await eventsOf(due, 1)).toMatchObject([
      [
        'lease.renewed',
        {
          ...{ identifier: due.number, identifierVersion: 3, tenantId: due.tenant.id },
          ...{ leaseId: due.leaseId, historyLeaseId: second?.lease_id, priorLeaseId: due.leaseId },
          effectiveUntil: until.toISOString(),
        },
      ],
    ]);
    for (const made of [early, half]) expect(await history(made)).toHaveLength(1);
  });

  it('one run tells approval, refusal, silence, faults and suspension apart; the next asks only who owes an answer', async () => {
    const approved = await told('approve', await leased('5 days'));
    const rejected = await told('reject', await leased('5 days'));
    const silent = await told('timeout', await leased('-1 hour'));
    const lost = await told('lost', await leased('5 days'));
    const faulty = await told('error', await leased('5 days'));
    const skipped = await leased('5 days');
    const stopped = await leased('5 days');
    const ask = { ticketId: 'T-5', reason: 'a test', cascade: false };
    const suspend = `/v1/admin/numbering/tenants/${skipped.tenant.id}/suspend`;
    await suite.expect(200, suite.admin.post(suspend, ask));
    const stop = `/v1/admin/numbers/${encodeURIComponent(stopped.number)}/suspend`;
    await suite.expect(200, suite.admin.post(stop, { reason: 'a test' }));

    const { code, line } = await runJob('renew-leases');
    expect([code, line?.failed]).toEqual([1, 3]);
    expect(line?.changed).toBeGreaterThanOrEqual(4);
    for (const made of [approved, stopped]) expect(await isRenewed(made)).toBe(true);
    for (const made of [rejected, silent, lost, faulty, skipped]) {
      expect(await isRenewed(made)).toBe(false);
    }
    const failures = [
      [rejected, 'BILLING_REJECTED'],
      [skipped, 'TENANT_SUSPENDED'],
    ] as const;
    for (const [made, reason] of failures) {
      expect(await eventsOf(made, 1)).toMatchObject([['lease.renewal_failed', { reason }]]);
    }
    expect(await keysOf(skipped)).toEqual([]);
    for (const made of [silent, lost, faulty]) {
      const keys = await keysOf(made);
      expect([keys.length, new Set(keys).size]).toEqual([3, 1]);
    }
    // Nobody is cut off by billing's silence: the lease lives past its end, in its grace.
    const graceUntil = new Date(silent.endsAt.getTime() + DAY_MS);
    const verdict = await validator.ask(silent.number, silent.tenant.id);
    expect([verdict.valid, verdict.graceUntil?.seconds]).toEqual([
      true,
      Math.floor(graceUntil.getTime() / 1_000),
    ]);
    expect(await shown(silent)).toMatchObject({
      ...{ state: 'LEASED', graceUntil: graceUntil.toISOString() },
    });

    await told('reject', lost);
    for (const made of [silent, faulty]) await told('approve', made);
    const again = await runJob('renew-leases');
    expect(again).toMatchObject({ code: 0, line: { failed: 0 } });
    for (const made of [silent, lost, faulty]) {
      expect(await isRenewed(made)).toBe(true);
      expect(new Set(await keysOf(made)).size).toBe(1);
    }
    expect(await keysOf(rejected)).toHaveLength(1);
    await told('approve', rejected);
    await nextDay(rejected);
    await runJob('renew-leases');
    expect(await isRenewed(rejected)).toBe(true);
    expect(new Set(await keysOf(rejected)).size).toBe(2);
    const reinstate = `/v1/admin/numbering/tenants/${skipped.tenant.id}/reinstate`;
    await suite.expect(200, suite.admin.post(reinstate, {}));
    await runJob('renew-leases');
    expect(await isRenewed(skipped)).toBe(true);
  });

  it('billing away: counted, exit code 1, and made up for by the next run', async () => {
    const made = await leased('2 days');
    const away = await runJob('renew-leases', { BILLING_URL: 'http://127.0.0.1:1' });
    expect(away.code).toBe(1);
    expect(away.line?.failed).toBeGreaterThanOrEqual(1);
    expect((await runJob('renew-leases')).code).toBe(0);
    expect(await isRenewed(made)).toBe(true);
  });

  it('two runs at once renew once; the second ends with 75', async () => {
    const made = await told('timeout', await leased('2 days'));
    const first = runJob('renew-leases');
    await eventually(async () => expect(await keysOf(made)).not.toEqual([]), { withinMs: 30_000 });
    // As long as billing is silent the first is at it.
    expect(await runJob('renew-leases')).toEqual({ code: 75 });
    await told('approve', made);
    expect((await first).code).toBe(0);
    await Promise.all([runJob('renew-leases'), runJob('renew-leases')]);
    expect(await history(made)).toHaveLength(2);
    expect(new Set(await keysOf(made)).size).toBe(1);
    expect(await eventsOf(made, 1)).toHaveLength(1);
  });

  it('above the quota: renewed all the same, with a warning', async () => {
    const tenant = await suite.tenant('business', WRITER);
    const both = [await leased('2 days', { tenant }), await leased('2 days', { tenant })];
    const quotas = `/v1/admin/numbering/tenants/${tenant.id}/quotas`;
    await suite.expect(200, suite.admin.put(quotas, { MSISDN: 1 }));
    expect((await runJob('renew-leases')).code).toBe(0);
    for (const made of both) expect(await isRenewed(made)).toBe(true);
    const [warning] = await tap.of(tenant.id, 1);
    expect(warning).toMatchObject({
      topic: 'numbering.quota.exceeded',
      data: { identifierClass: 'MSISDN', quota: 1, current: 2 },
    });
  });

  it('the grace over: refused at once, and quarantined from the end of the grace by the expiry run', async () => {
    const made = await leased('-25 hours');
    const verdict = await validator.ask(made.number, made.tenant.id);
    expect([verdict.valid, verdict.reason]).toEqual([false, 'LEASE_EXPIRED']);
    // The worker's own run, each minute, may come first.
    expect((await runJob('expire-leases')).code).toBe(0);
    const graceEnd = made.endsAt.getTime() + DAY_MS;
    const availableAt = new Date(graceEnd + 90 * DAY_MS).toISOString();
    expect(await shown(made)).toMatchObject({ state: 'QUARANTINE', availableAt });
    const events = await eventsOf(made, 2);
    expect(new Map(events as [string, object][])).toEqual(
      new Map<string, unknown>([
        ['lease.expired', expect.objectContaining({ effectiveUntil: made.endsAt.toISOString() })],
        ['identifier.quarantined', expect.objectContaining({ availableAt })],
      ]),
    );
  });

  it('US-NUM-012: a vanity lease that billing refuses lives 14 days on, reminded once a day', async () => {
    const made = await told('reject', await leased('-50 hours', { vanity: true }));
    await runJob('renew-leases');
    await runJob('renew-leases');
    await nextDay(made);
    await runJob('renew-leases');
    const graceUntil = new Date(made.endsAt.getTime() + 14 * DAY_MS).toISOString();
    const events = await eventsOf(made, 4);
    const of = (topic: string) => events.filter(([name]) => name === topic).map(([, data]) => data);
    const failure = { reason: 'BILLING_REJECTED', graceUntil };
    expect(of('lease.renewal_failed')).toMatchObject([failure, failure]);
    const daysLeft = Math.ceil(14 - (50 * HOUR_MS) / DAY_MS);
    const reminder = { graceUntil, daysLeft };
    expect(of('lease.renewal_reminder')).toMatchObject([reminder, reminder]);
    expect(await validator.ask(made.number, made.tenant.id)).toMatchObject({ valid: true });
    expect(await shown(made)).toMatchObject({ state: 'LEASED', vanity: true, graceUntil });
    await told('approve', made);
    await nextDay(made);
    await runJob('renew-leases');
    expect(await isRenewed(made)).toBe(true);
    const [call] = await billing.calls(made.tenant.id);
    expect(call?.body).toMatchObject({ vanity: true, price: { monthly: 4_500_000 } });
  });
});
