import { numberPath, openDoor, type Answer, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const adminPath = (number: string, rest: string) =>
  `/v1/admin/numbers/${encodeURIComponent(number)}/${rest}`;

describe('what callers may read', () => {
  let door: Door;
  let owner: Calls;
  let other: Calls;
  beforeAll(async () => {
    door = await openDoor();
    owner = await door.tenant('the-owner');
    other = await door.tenant('the-other');
    const put = await door.admin.put(`${ADMIN}/tenants/the-owner`, { plan: 'business' });
    expect(put.status).toBe(200);
  });
  afterAll(() => door.close());

  const fresh = async (): Promise<string> => (await door.numbers(1))[0] ?? '';
  const done = async (call: Promise<Answer>): Promise<Answer> => {
    const answer = await call;
    if (answer.status >= 300) throw new Error(answer.text);
    return answer;
  };
  const reserved = async () => {
    const number = await fresh();
    await done(owner.post(numberPath(number, 'reserve'), {}));
    return number;
  };
  const leased = async () => {
    const number = await reserved();
    const terms = { tenantId: 'the-owner', term: '30d', autoRenew: true };
    const { body } = await done(owner.post(numberPath(number, 'lease'), terms));
    return { number, leaseId: String(body['leaseId']) };
  };
  const lapse = (number: string) =>
    door.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() - interval '1 second'
        WHERE identifier = $1`,
      [number],
    );

  describe('of a number', () => {
    it('its owner sees its ids, an officer every owner’s, another tenant none', async () => {
      const { number, leaseId } = await leased();
      const members = { leaseId, tenantId: 'the-owner', autoRenew: true, vanity: false };
      expect((await owner.get(numberPath(number))).body).toMatchObject({
        ...members,
        state: 'LEASED',
        ownedByCaller: true,
      });
      expect((await door.admin.get(numberPath(number))).body).toMatchObject({
        ...members,
        ownedByCaller: false,
      });
      const seen = await other.get(numberPath(number));
      expect(seen.body).toEqual({
        identifier: number,
        identifierClass: 'MSISDN',
        operatorId: 'ROSHAN',
        vanityEligible: false,
        state: 'LEASED',
        ownedByCaller: false,
      });
    });

    it('a lapsed claim and an ended cool-down show as AVAILABLE (ruling 19)', async () => {
      const lapsed = await reserved();
      await lapse(lapsed);
      expect((await owner.get(numberPath(lapsed))).body).toMatchObject({
        state: 'AVAILABLE',
        ownedByCaller: false,
      });
      const { number } = await leased();
      const recall = { reason: 'TENANT_REQUEST', actorId: 'user-the-owner' };
      const { body } = await done(owner.post(numberPath(number, 'recall'), recall));
      expect((await other.get(numberPath(number))).body).toMatchObject({
        state: 'QUARANTINE',
        availableAt: body['availableAt'],
      });
      await door.sql(
        `UPDATE numbering.identifiers SET available_at = clock_timestamp() WHERE identifier = $1`,
        [number],
      );
      const free = (await other.get(numberPath(number))).body;
      expect(free['state']).toBe('AVAILABLE');
      expect(free).not.toHaveProperty('availableAt');
    });

    it('a lease past its end is in grace, and says until when', async () => {
      const { number } = await leased();
      expect((await owner.get(numberPath(number))).body).not.toHaveProperty('graceUntil');
      await door.sql(
        `UPDATE numbering.leases SET effective_until = '2026-01-01T00:00:00Z'
          WHERE identifier = $1`,
        [number],
      );
      expect((await owner.get(numberPath(number))).body).toMatchObject({
        state: 'LEASED',
        effectiveUntil: '2026-01-01T00:00:00.000Z',
        graceUntil: '2026-01-02T00:00:00.000Z',
      });
    });
  });

  describe('of histories', () => {
    it('a tenant sees its own claims’ rows, an officer all, from the block’s row on', async () => {
      const number = await reserved();
      await done(owner.post(numberPath(number, 'release'), {}));
      await done(other.post(numberPath(number, 'reserve'), {}));
      const actions = ({ body }: Answer) =>
        body.items?.map(({ action, version }) => [action, version]);
      const own = await owner.get(numberPath(number, 'history'));
      expect(actions(own)).toEqual([
        ['RESERVE', 2],
        ['RELEASE', 3],
      ]);
      expect(own.text).not.toContain('the-other');
      const all = await door.admin.get(adminPath(number, 'history'));
      expect(actions(all)).toEqual([
        ['REGISTER', 1],
        ['RESERVE', 2],
        ['RELEASE', 3],
        ['RESERVE', 4],
      ]);
      expect(all.body.items?.[0]).toMatchObject({ actor: 'admin-1', from: null, to: 'AVAILABLE' });
      expect(typeof all.body.items?.[0]?.['requestId']).toBe('string');
    });

    it('come in pages, whose cursors are of one list alone', async () => {
      const [number, another] = [await reserved(), await reserved()];
      await done(owner.post(numberPath(number, 'hold'), {}));
      const versions: unknown[] = [];
      let page: string | null = '';
      while (page !== null) {
        const query: string = page === '' ? 'limit=1' : `limit=1&page=${page}`;
        const { body } = await done(door.admin.get(adminPath(number, `history?${query}`)));
        versions.push(...(body.items ?? []).map(({ version }) => version));
        page = body['nextPage'] as string | null;
        if (versions.length === 1) {
          const elsewhere = await door.admin.get(adminPath(another, `history?page=${page}`));
          expect([elsewhere.status, elsewhere.body.code]).toEqual([400, 'INVALID_CURSOR']);
          const alias = await door.admin.get(adminPath(number, `history?cursor=${page}`));
          expect(alias.body.items?.[0]?.['version']).toBe(2);
        }
      }
      expect(versions).toEqual([1, 2, 3]);
    });

    it('tell who held a number at any moment', async () => {
      const { number, leaseId } = await leased();
      const [{ at = new Date() } = {}] = await door.sql<{ at: Date }>(
        `SELECT at FROM numbering.audit_log WHERE identifier = $1 AND action = 'LEASE'`,
        [number],
      );
      const recall = { reason: 'ABUSE', actorId: 'admin-1', ticketId: 'T-9' };
      const recalled = await done(door.admin.post(numberPath(number, 'recall'), recall));
      const standing = async (moment: Date | string) => {
        const text = typeof moment === 'string' ? moment : moment.toISOString();
        return door.admin.get(adminPath(number, `history?at=${encodeURIComponent(text)}`));
      };
      const then = (await standing(at)).body;
      expect(then).toMatchObject({
        identifier: number,
        state: 'LEASED',
        tenantId: 'the-owner',
        leaseId,
      });
      expect(then['since']).toBe(at.toISOString());
      const { body: now } = await standing(String(then['until']));
      expect(now).toMatchObject({ state: 'QUARANTINE', since: then['until'] });
      expect(now).not.toHaveProperty('tenantId');
      expect(recalled.body['leaseId']).toBe(leaseId);
      const before = await standing('2020-01-01T00:00:00Z');
      expect([before.status, before.body.code]).toEqual([404, 'UNKNOWN_IDENTIFIER']);
    });

    it('count a claim past its end as nobody’s, though nobody swept it', async () => {
      const number = await reserved();
      await lapse(number);
      const soon = encodeURIComponent(new Date(Date.now() + 60_000).toISOString());
      const { body } = await done(door.admin.get(adminPath(number, `history?at=${soon}`)));
      expect(body['state']).toBe('AVAILABLE');
      expect(body).not.toHaveProperty('tenantId');
    });
  });

  it('lists a tenant’s own claims by class and form, filtered, without lapsed ones', async () => {
    const tenant = await door.tenant('lister');
    const numbers = await door.numbers(4);
    for (const number of numbers) await done(tenant.post(numberPath(number, 'reserve'), {}));
    const alpha = [{ identifier: 'Lister Co', identifierClass: 'ALPHA' }];
    await done(door.admin.post(`${ADMIN}/identifiers`, { identifiers: alpha }));
    await done(tenant.post(numberPath('listerco', 'reserve'), {}));
    await done(tenant.post(numberPath(numbers[1] ?? '', 'hold'), {}));
    await lapse(numbers[3] ?? '');
    const listed = async (query: string) => {
      const { body } = await done(tenant.get(`/v1/numbers?${query}`));
      return { names: body.items?.map(({ identifier }) => identifier), next: body['nextPage'] };
    };
    const [a, b, c] = numbers;
    expect(await listed('')).toEqual({ names: ['Lister Co', a, b, c], next: null });
    expect((await listed('state=HELD')).names).toEqual([b]);
    expect((await listed('identifierClass=MSISDN&state=RESERVED')).names).toEqual([a, c]);
    const first = await listed('limit=3');
    expect(first.names).toEqual(['Lister Co', a, b]);
    expect(await listed(`limit=3&page=${String(first.next)}`)).toEqual({ names: [c], next: null });
    const theirs = await other.get(`/v1/numbers?limit=3&page=${String(first.next)}`);
    expect(theirs.body.code).toBe('INVALID_CURSOR');
    const asAdmin = await door.admin.get('/v1/numbers?tenantId=lister&state=HELD');
    expect(asAdmin.body.items).toMatchObject([{ identifier: b, ownedByCaller: true }]);
  });

  it('lists the audit log, newest first, by number, actor, action and time', async () => {
    const { number, leaseId } = await leased();
    const path = `${ADMIN}/audit?identifier=${encodeURIComponent(number)}`;
    const { body } = await done(door.admin.get(path));
    expect(body.items).toMatchObject([
      { action: 'LEASE', identifier: number, leaseId, detail: { term: '30d' } },
      { action: 'RESERVE', identifier: number },
    ]);
    expect(body.items?.[0]).not.toHaveProperty('auditId');
    const { body: byAction } = await done(
      door.admin.get(`${ADMIN}/audit?action=TENANT_CHANGE&actor=admin-1&limit=1`),
    );
    expect(byAction.items).toMatchObject([{ action: 'TENANT_CHANGE', tenantId: 'the-owner' }]);
    const first = await done(door.admin.get(`${path}&limit=1`));
    const second = await done(door.admin.get(`${path}&limit=1&page=${first.body['nextPage']}`));
    expect(second.body.items).toMatchObject([{ action: 'RESERVE' }]);
    expect(second.body['nextPage']).toBeNull();
    const none = await done(door.admin.get(`${path}&to=2020-01-01T00:00:00Z`));
    expect(none.body.items).toEqual([]);
  });

  it('shows a tenant its quotas and what it uses of them', async () => {
    const tenant = await door.tenant('quota-reader');
    const quotas = { MSISDN: 7, maxHolds: null };
    const set = await done(door.admin.put(`${ADMIN}/tenants/quota-reader/quotas`, quotas));
    expect(set.body).toMatchObject({ MSISDN: 7, SHORT_CODE: null, plan: 'starter' });
    expect(set.body['effective']).toMatchObject({ MSISDN: 7, maxHolds: 5 });
    await done(tenant.post(numberPath(await fresh(), 'reserve'), {}));
    expect((await tenant.get('/v1/quotas')).body).toMatchObject({
      plan: 'starter',
      items: [
        { identifierClass: 'MSISDN', quota: 7, current: 0, remaining: 7 },
        { identifierClass: 'SHORT_CODE', quota: 1, current: 0, remaining: 1 },
        { identifierClass: 'ALPHA', quota: 2, current: 0, remaining: 2 },
      ],
      reservations: { quota: 10, current: 1 },
      holds: { quota: 5, current: 0 },
    });
  });
});
