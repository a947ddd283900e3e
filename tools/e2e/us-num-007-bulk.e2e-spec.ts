import { randomInt } from 'node:crypto';
import { TopicTap, type Answer, type TestTenant } from '@numbering/testing';
import { Redis } from 'ioredis';
import { ClaimStage } from './claim-scene.fixture';

const BULK = '/v1/numbers/reservations';
const MOST = 100;
const STARTER_RESERVATIONS = 10;

describe('US-NUM-007 reserve many identifiers in one call', () => {
  const stage = new ClaimStage();
  const { suite } = stage;
  const redis = new Redis(suite.stack.services.redis.url);
  const tap = new TopicTap();
  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, ['numbering.reservation.held']);
    await stage.open();
  });
  afterAll(async () => {
    redis.disconnect();
    await tap.close();
    await stage.close();
  });

  const bulk = (tenant: TestTenant, identifiers: string[], more: object = {}) =>
    tenant.api.post(BULK, { identifiers, ...more });
  const itemsOf = ({ status, body }: Answer) => {
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body.items as Record<string, unknown>[];
  };
  const reserved = (identifier: string) => ({
    ...{ identifier, status: 'reserved' },
    ...{ leaseId: expect.any(String), expiresAt: expect.any(String) },
  });
  const refused = (identifier: string, code: string, state?: string) => ({
    ...{ identifier, status: 'refused', code },
    ...(state === undefined ? {} : { state }),
  });
  /** What a call that is refused must leave as it was. */
  const standings = (numbers: string[]) =>
    suite.sql(
      `SELECT i.identifier, i.state, i.version,
              (SELECT count(*)::integer FROM numbering.leases l
                WHERE l.identifier = i.identifier) AS claims,
              (SELECT count(*)::integer FROM numbering.audit_log a
                WHERE a.identifier = i.identifier) AS audits
         FROM numbering.identifiers i WHERE identifier = ANY ($1) ORDER BY identifier`,
      [numbers],
    );

  it('answers twenty numbers one by one, in their order', async () => {
    const mine = await suite.tenant();
    const [one = '', two = '', three = '', own = ''] = await suite.numbers(4);
    await suite.expect(201, mine.api.on(own, 'reserve'));
    const base = randomInt(10_000, 99_999);
    const [alpha, shortCode] = [`Bulk ${base}`, `77${base}`];
    const identifiers = [alpha, shortCode].map((identifier) => ({ identifier }));
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    const free = (await stage.put('AVAILABLE')).number;
    const theirs = (await stage.put('RESERVED')).number;
    const held = (await stage.put('HELD')).number;
    const leased = (await stage.put('LEASED')).number;
    const suspended = (await stage.put('SUSPENDED')).number;
    const resting = (await stage.put('QUARANTINE')).number;
    const retired = (await stage.put('RETIRED')).number;
    const future = (await stage.put('not yet valid')).number;
    const lapsed = (await stage.put('a hold that has lapsed')).number;
    const rows: [written: string, answer: Record<string, unknown>][] = [
      [one, reserved(one)],
      [theirs, refused(theirs, 'INVALID_STATE', 'RESERVED')],
      [held, refused(held, 'INVALID_STATE', 'HELD')],
      [leased, refused(leased, 'INVALID_STATE', 'LEASED')],
      [suspended, refused(suspended, 'INVALID_STATE', 'SUSPENDED')],
      [resting, refused(resting, 'QUARANTINE_ACTIVE', 'QUARANTINE')],
      [retired, refused(retired, 'INVALID_STATE', 'RETIRED')],
      [future, refused(future, 'NOT_YET_VALID')],
      [lapsed, reserved(lapsed)],
      [own, refused(own, 'INVALID_STATE', 'RESERVED')],
      [two.slice(1), reserved(two)],
      [two, refused(two, 'INVALID_STATE', 'RESERVED')],
      [` ${two.slice(1)}`, refused(two, 'INVALID_STATE', 'RESERVED')],
      [alpha.toUpperCase().replace(' ', ''), reserved(alpha)],
      [alpha, refused(alpha, 'INVALID_STATE', 'RESERVED')],
      [shortCode, reserved(shortCode)],
      ['93790', refused('93790', 'UNKNOWN_IDENTIFIER')],
      ['12', refused('12', 'INVALID_IDENTIFIER')],
      [`%2B${three.slice(1)}`, reserved(three)],
      [free, reserved(free)],
    ];
    const items = itemsOf(
      await bulk(
        mine,
        rows.map(([written]) => written),
      ),
    );
    expect(items).toEqual(rows.map(([, answer]) => answer));
    const made = items.filter(({ status }) => status === 'reserved');
    const claims = await suite.sql<{ identifier: string; lease_id: string }>(
      `SELECT identifier, lease_id FROM numbering.leases
        WHERE tenant_id = $1 AND state = 'RESERVED' AND identifier <> $2`,
      [mine.id, own],
    );
    expect(Object.fromEntries(claims.map((row) => [row.identifier, row.lease_id]))).toEqual(
      Object.fromEntries(made.map(({ identifier, leaseId }) => [identifier, leaseId])),
    );
    for (const { identifier, leaseId, expiresAt } of made) {
      const event = (await tap.of(String(identifier), 1)).find(
        ({ data }) => data.leaseId === leaseId,
      );
      expect(event?.data).toMatchObject({ kind: 'RESERVE', tenantId: mine.id, expiresAt });
    }
  });

  it('takes a hundred in one call, each with its key of 900 s; not one more, not none', async () => {
    const tenant = await suite.tenant('enterprise');
    const numbers = await suite.numbers(MOST);
    for (const atFault of [[], [...numbers, '4040']]) {
      const wrong = await bulk(tenant, atFault);
      expect([wrong.status, wrong.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    }
    expect(itemsOf(await bulk(tenant, numbers))).toEqual(numbers.map(reserved));
    const ttls = await Promise.all(numbers.map((number) => redis.ttl(`num:reserve:${number}`)));
    expect(Math.min(...ttls)).toBeGreaterThan(880);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(900);
  });

  it('reserves as many as the quota has room for, the first ones; what is refused takes none', async () => {
    const tenant = await suite.tenant('starter');
    const numbers = await suite.numbers(STARTER_RESERVATIONS + 3);
    const items = itemsOf(await bulk(tenant, ['12', numbers[0] ?? '', ...numbers]));
    const rest = numbers.slice(STARTER_RESERVATIONS);
    expect(items).toEqual([
      refused('12', 'INVALID_IDENTIFIER'),
      reserved(numbers[0] ?? ''),
      refused(numbers[0] ?? '', 'INVALID_STATE', 'RESERVED'),
      ...numbers.slice(1, STARTER_RESERVATIONS).map(reserved),
      ...rest.map((number) => refused(number, 'RESERVATION_QUOTA')),
    ]);
    expect((await standings(rest)).map(({ state }) => state)).toEqual(rest.map(() => 'AVAILABLE'));
  });

  it('refuses the operators that the tenant may not use, number by number', async () => {
    const tenant = await suite.tenant();
    const route = `/v1/admin/numbering/tenants/${tenant.id}`;
    const plan = { plan: 'business', operatorAllowlist: ['AWCC'] };
    await suite.expect(200, suite.admin.put(route, plan));
    const [roshan = ''] = await suite.numbers();
    const awcc = `+9370${randomInt(1_000_000, 9_999_999)}`;
    const identifiers = [{ identifier: awcc }];
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    expect(itemsOf(await bulk(tenant, [roshan, awcc]))).toEqual([
      refused(roshan, 'OPERATOR_NOT_ALLOWED'),
      reserved(awcc),
    ]);
  });

  it('is refused whole where the tenant is suspended, is not the token’s or is none', async () => {
    const tenant = await suite.tenant();
    const [number = ''] = await suite.numbers();
    const why = { ticketId: 'T-1', reason: 'a test', cascade: false };
    const route = `/v1/admin/numbering/tenants/${tenant.id}/suspend`;
    await suite.expect(200, suite.admin.post(route, why));
    for (const [answer, code] of [
      [await bulk(tenant, [number]), 'TENANT_SUSPENDED'],
      [await bulk(stage.other, [number], { tenantId: stage.holder.id }), 'TENANT_MISMATCH'],
      [await suite.admin.post(BULK, { identifiers: [number] }), 'TENANT_MISMATCH'],
    ] as const) {
      expect([answer.status, answer.body.code]).toEqual([403, code]);
    }
    const asked = { identifiers: [number], tenantId: stage.holder.id };
    expect(itemsOf(await suite.admin.post(BULK, asked))).toEqual([reserved(number)]);
  });

  describe('all or nothing', () => {
    it('reserves all of them', async () => {
      const numbers = await suite.numbers(20);
      const answer = await bulk(stage.other, numbers, { atomic: true });
      expect(itemsOf(answer)).toEqual(numbers.map(reserved));
    });

    it.each([
      ['is another’s', 409, { code: 'INVALID_STATE', state: 'RESERVED', ownedByCaller: false }],
      ['is no identifier', 422, { code: 'INVALID_IDENTIFIER' }],
      ['is not in the ledger', 404, { code: 'UNKNOWN_IDENTIFIER' }],
      ['stands twice', 409, { code: 'INVALID_STATE', state: 'RESERVED', ownedByCaller: true }],
      ['is beyond the quota', 403, { code: 'RESERVATION_QUOTA', quota: 10, current: 10 }],
    ])(
      'answers with the first refusal where one %s, and nothing has happened',
      async (what, status, members) => {
        const tenant = await suite.tenant('starter');
        const numbers = await suite.numbers(12);
        const bad: Record<string, string> = {
          'is another’s': (await stage.put('RESERVED')).number,
          'is no identifier': '12',
          'is not in the ledger': '93790',
          'stands twice': numbers[0] ?? '',
          'is beyond the quota': numbers[10] ?? '',
        };
        const identifier = bad[what] ?? '';
        const later = (await stage.put('LEASED')).number;
        const before = await standings(numbers);
        const few = what === 'is beyond the quota' ? numbers.slice(0, 10) : numbers.slice(0, 5);
        const answer = await bulk(tenant, [...few, identifier, later], { atomic: true });
        expect(answer.status).toBe(status);
        expect(answer.body).toMatchObject({ ...members, identifier });
        expect(await standings(numbers)).toEqual(before);
        expect(await redis.exists(...numbers.map((number) => `num:reserve:${number}`))).toBe(0);
        // An event of it would stand before this one.
        const [first = ''] = numbers;
        await suite.expect(201, tenant.api.on(first, 'reserve'));
        const events = await tap.of(first, 1);
        expect(events.map(({ data }) => data.identifierVersion)).toEqual([2]);
        expect(tap.events.filter(({ key }) => numbers.slice(1).includes(key))).toEqual([]);
      },
    );
  });
});
