import { ValidatorClient, type LeaseQuestion, type Verdict } from '@numbering/testing';
import { openOwnStack, type OwnStack } from './own-stack.fixture';

const OWN = 'own';
const OTHER = 'other';
/** Suspended, nothing of its recalled, once it has what the cases want. */
const BANNED = 'banned';

/** Everything that a verdict may carry beside its reason. */
const MEMBERS = { none: [], lease: ['leaseId', 'effectiveUntil'] } as const;
type Shown = keyof typeof MEMBERS;
type Case = [what: string, reason: string, shown: Shown, arrange: () => Promise<LeaseQuestion>];

describe('US-NUM-002 each reason, in the order of ruling 9', () => {
  let own: OwnStack;
  let client: ValidatorClient;
  const asked: { question: LeaseQuestion; verdict: Verdict }[] = [];
  let next = 0;

  beforeAll(async () => {
    // Time's own changes stay away: what has ended is judged by those who ask, and by nobody else.
    const settings = {
      RELEASE_ALARMS: 'sweep',
      SWEEP_RESERVATIONS_EVERY: '1h',
      SWEEP_QUARANTINE_EVERY: '1h',
      EXPIRE_LEASES_EVERY: 'off',
      RENEW_LEASES_AT: 'off',
    };
    own = await openOwnStack({ settings });
    client = new ValidatorClient(own.validators[0]?.grpc ?? '', own.validatorToken);
  });
  afterAll(async () => {
    client.close();
    await own.close();
  });

  const done = async (route: string, body: object): Promise<void> => {
    const answer = await own.admin.post(route, body);
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  };
  const fresh = async (more: object = {}): Promise<string> => {
    const identifier = `+9379${String(next++).padStart(7, '0')}`;
    const identifiers = [{ identifier, operatorId: 'ROSHAN', ...more }];
    await done('/v1/admin/numbering/identifiers', { identifiers });
    return identifier;
  };
  const on = (identifier: string, action: string, body: object, area = '') =>
    done(`/v1/${area}numbers/${encodeURIComponent(identifier)}/${action}`, body);
  const asAdmin = (identifier: string, action: string) =>
    on(identifier, action, { reason: 'a test' }, 'admin/');

  const reserved = async (tenantId: string): Promise<string> => {
    const identifier = await fresh();
    await on(identifier, 'reserve', { tenantId });
    return identifier;
  };
  const held = async (tenantId: string): Promise<string> => {
    const identifier = await reserved(tenantId);
    await on(identifier, 'hold', { tenantId });
    return identifier;
  };
  const leased = async (tenantId: string, autoRenew = false): Promise<string> => {
    const identifier = await fresh();
    await on(identifier, 'lease', { tenantId, term: '30d', autoRenew });
    return identifier;
  };
  const suspended = async (tenantId: string): Promise<string> => {
    const identifier = await leased(tenantId);
    await asAdmin(identifier, 'suspend');
    return identifier;
  };
  const recalled = async (tenantId: string): Promise<string> => {
    const identifier = await leased(tenantId);
    await on(identifier, 'recall', { reason: 'NON_PAYMENT', actorId: 'admin' });
    return identifier;
  };
  /** An hour over, and nobody has come by; the first question for it comes later. */
  const over = async (identifier: string): Promise<string> => {
    await own.sql(
      `UPDATE numbering.leases
          SET expires_at = CASE WHEN state IN ('RESERVED', 'HELD') THEN moment END,
              effective_until = CASE WHEN state IN ('LEASED', 'SUSPENDED') THEN moment END
         FROM (SELECT clock_timestamp() - interval '1 hour') AS an_hour_ago (moment)
        WHERE identifier = $1 AND ended_at IS NULL`,
      [identifier],
    );
    return identifier;
  };
  const retired = async (): Promise<string> => {
    const identifier = await fresh();
    await asAdmin(identifier, 'retire');
    return identifier;
  };
  const future = () => fresh({ validFrom: new Date(Date.now() + 86_400_000).toISOString() });
  const by = async (tenantId: string, identifier: Promise<string> | string) => ({
    identifier: await identifier,
    tenantId,
  });

  const cases: Case[] = [
    ['an unknown number', 'NOT_REGISTERED', 'none', () => by(OWN, '+93799999999')],
    ['a retired one', 'NOT_REGISTERED', 'none', () => by(OWN, retired())],
    ['one whose validFrom is to come', 'NOT_REGISTERED', 'none', () => by(OWN, future())],
    ['unknown, to a suspended tenant', 'NOT_REGISTERED', 'none', () => by(BANNED, '+93799999998')],
    ['retired, to a suspended tenant', 'NOT_REGISTERED', 'none', () => by(BANNED, retired())],
    ['not yet valid, to a suspended tenant', 'NOT_REGISTERED', 'none', () => by(BANNED, future())],
    ['another’s reservation', 'WRONG_TENANT', 'none', () => by(OWN, reserved(OTHER))],
    ['another’s hold', 'WRONG_TENANT', 'none', () => by(OWN, held(OTHER))],
    ['another’s lease', 'WRONG_TENANT', 'none', () => by(OWN, leased(OTHER))],
    ['another’s suspended lease', 'WRONG_TENANT', 'none', () => by(OWN, suspended(OTHER))],
    [
      'another’s lease past its end',
      'WRONG_TENANT',
      'none',
      async () => by(OWN, over(await leased(OTHER))),
    ],
    [
      'another’s lease in grace',
      'WRONG_TENANT',
      'none',
      async () => by(OWN, over(await leased(OTHER, true))),
    ],
    [
      'another’s lease, to a suspended tenant',
      'WRONG_TENANT',
      'none',
      () => by(BANNED, leased(OTHER)),
    ],
    [
      'another’s hold, to a suspended tenant',
      'WRONG_TENANT',
      'none',
      () => by(BANNED, held(OTHER)),
    ],
    [
      'the lease of a suspended tenant, to another',
      'WRONG_TENANT',
      'none',
      () => by(OWN, leased('later-banned')),
    ],
    ['an own suspended lease', 'LEASE_SUSPENDED', 'lease', () => by(OWN, suspended(OWN))],
    [
      'an own suspended lease past its end',
      'LEASE_SUSPENDED',
      'lease',
      async () => by(OWN, over(await suspended(OWN))),
    ],
    [
      'a suspended tenant’s lease',
      'LEASE_SUSPENDED',
      'lease',
      () => by('later-banned', leased('later-banned')),
    ],
    [
      'a suspended tenant’s lease past its end',
      'LEASE_SUSPENDED',
      'lease',
      async () => by('later-banned', over(await leased('later-banned'))),
    ],
    [
      'a suspended tenant’s reservation',
      'LEASE_SUSPENDED',
      'none',
      () => by('later-banned', reserved('later-banned')),
    ],
    [
      'quarantine, to a suspended tenant',
      'LEASE_SUSPENDED',
      'none',
      () => by(BANNED, recalled(OWN)),
    ],
    ['nobody’s, to a suspended tenant', 'LEASE_SUSPENDED', 'none', () => by(BANNED, fresh())],
    [
      'another’s lapsed claim, to a suspended tenant',
      'LEASE_SUSPENDED',
      'none',
      async () => by(BANNED, over(await reserved(OTHER))),
    ],
    [
      'an own lease past its end',
      'LEASE_EXPIRED',
      'lease',
      async () => by(OWN, over(await leased(OWN))),
    ],
    ['an own recalled lease', 'LEASE_RECALLED', 'none', () => by(OWN, recalled(OWN))],
    ['another’s recalled lease', 'LEASE_RECALLED', 'none', () => by(OWN, recalled(OTHER))],
    ['a number that nobody has', 'NOT_LEASED', 'none', () => by(OWN, fresh())],
    ['an own reservation', 'NOT_LEASED', 'none', () => by(OWN, reserved(OWN))],
    ['an own hold', 'NOT_LEASED', 'none', () => by(OWN, held(OWN))],
    [
      'another’s lapsed reservation',
      'NOT_LEASED',
      'none',
      async () => by(OWN, over(await reserved(OTHER))),
    ],
    ['another’s lapsed hold', 'NOT_LEASED', 'none', async () => by(OWN, over(await held(OTHER)))],
    ['an own lease', '', 'lease', () => by(OWN, leased(OWN))],
  ];
  const questions: LeaseQuestion[] = [];

  it('is arranged by the real doors', async () => {
    const plan = { plan: 'enterprise' };
    for (const tenantId of [OWN, OTHER, BANNED, 'later-banned']) {
      const put = await own.admin.put(`/v1/admin/numbering/tenants/${tenantId}`, plan);
      expect(put.status).toBe(200);
    }
    for (const [, , , arrange] of cases) questions.push(await arrange());
    for (const tenantId of [BANNED, 'later-banned']) {
      const why = { ticketId: 'T-1', reason: 'a test', cascade: false };
      await done(`/v1/admin/numbering/tenants/${tenantId}/suspend`, why);
    }
    expect(questions).toHaveLength(cases.length);
  });

  it.each(
    cases.map(([what, reason, shown], at) => [what, reason || 'valid', reason, shown, at] as const),
  )('%s: %s', async (_what, _told, reason, shown, at) => {
    const question = questions[at] as LeaseQuestion;
    const verdict = await client.ask(question.identifier, question.tenantId);
    expect([verdict.reason, verdict.valid]).toEqual([reason, reason === '']);
    const { leaseId, effectiveUntil, graceUntil } = verdict;
    const members = Object.entries({ leaseId: leaseId || null, effectiveUntil, graceUntil });
    expect(members.filter(([, value]) => value !== null).map(([name]) => name)).toEqual([
      ...MEMBERS[shown],
    ]);
    asked.push({ question, verdict });
  });

  it('an own lease in grace: valid, with the end of both', async () => {
    const identifier = await over(await leased(OWN, true));
    const verdict = await client.ask(identifier, OWN);
    expect(verdict).toMatchObject({ valid: true, reason: '' });
    const hours =
      ((verdict.graceUntil?.seconds ?? 0) - (verdict.effectiveUntil?.seconds ?? 0)) / 3_600;
    expect(hours).toBe(24);
  });

  it('a lapsed cool-down is over at its moment, though nobody has swept it', async () => {
    const identifier = await recalled(OTHER);
    await own.sql(
      `UPDATE numbering.identifiers SET available_at = clock_timestamp() WHERE identifier = $1`,
      [identifier],
    );
    expect((await client.ask(identifier, OWN)).reason).toBe('NOT_LEASED');
  });

  it('a cool-down that followed an expiry says so', async () => {
    const identifier = await recalled(OWN);
    await own.sql(
      `UPDATE numbering.identifiers SET quarantine_cause = 'EXPIRY' WHERE identifier = $1`,
      [identifier],
    );
    expect((await client.ask(identifier, OWN)).reason).toBe('LEASE_EXPIRED');
  });

  it('is the same in a batch and on a stream, in the order of the questions', async () => {
    const all = asked.map(({ question }) => question);
    const verdicts = asked.map(({ verdict }) => verdict);
    expect(all).toHaveLength(cases.length);
    expect(await client.askAll(all)).toEqual(verdicts);
    expect(await client.askStreamed(all)).toEqual(verdicts);
  });
});
