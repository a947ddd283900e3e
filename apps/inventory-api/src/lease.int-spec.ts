import { numberPath, openDoor, type Answer, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const BYPASS = 'numbering:read numbering:write numbering:lease:bypass';

describe('US-NUM-003 a lease', () => {
  let door: Door;
  let next = 0;
  beforeAll(async () => {
    door = await openDoor();
  });
  afterAll(() => door.close());

  const ok = async (asked: Promise<Answer>) => {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.body;
  };
  const fresh = async (): Promise<string> => (await door.numbers(1))[0] ?? '';
  const register = async (identifier: string, more: object = {}): Promise<string> => {
    const identifiers = [{ identifier, ...more }];
    await ok(door.admin.post(`${ADMIN}/identifiers`, { identifiers }));
    return identifier;
  };
  const tenant = async (plan = 'business', scope = BYPASS) => {
    const id = `tenant-${next++}`;
    await ok(door.admin.put(`${ADMIN}/tenants/${id}`, { plan }));
    return { id, calls: await door.tenant(id, scope) };
  };
  const terms = (tenantId: string, more: object = {}) => ({
    ...{ tenantId, term: '30d', autoRenew: false },
    ...more,
  });
  const lease = (calls: Calls, number: string, body: object) =>
    calls.post(numberPath(number, 'lease'), body);
  const trail = (number: string) =>
    door.sql<{
      action: string;
      from_state: string;
      to_state: string;
      version: number;
      topic: string;
    }>(
      `SELECT a.action, a.from_state, a.to_state, a.version, o.topic
         FROM numbering.audit_log a
         JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
        WHERE a.identifier = $1
        ORDER BY a.version`,
      [number],
    );
  const leased = { action: 'LEASE', to_state: 'LEASED', topic: 'numbering.lease.created' };

  it('by bypass is one change, with lease.created its only event (ruling 16)', async () => {
    const { id, calls } = await tenant();
    const number = await fresh();
    const { leaseId } = await ok(lease(calls, number, terms(id)));
    expect(await trail(number)).toEqual([{ ...leased, from_state: 'AVAILABLE', version: 2 }]);
    const rows = await door.sql(
      `SELECT l.lease_id, l.state, l.expires_at, h.lease_id AS first_term, h.prior_lease_id
         FROM numbering.leases l
         JOIN numbering.lease_history h ON h.identifier = l.identifier
        WHERE l.identifier = $1`,
      [number],
    );
    const ids = { lease_id: leaseId, first_term: leaseId };
    expect(rows).toEqual([{ ...ids, state: 'LEASED', expires_at: null, prior_lease_id: null }]);
  });

  it('takes the place of an own reservation or hold, under the same id', async () => {
    const { id, calls } = await tenant('business', 'numbering:write');
    for (const actions of [['reserve'], ['reserve', 'hold']]) {
      const number = await fresh();
      let claim = {};
      for (const action of actions) claim = await ok(calls.post(numberPath(number, action)));
      const made = await ok(lease(calls, number, terms(id)));
      expect(made).toMatchObject({ leaseId: (claim as { leaseId: string }).leaseId });
      const from = actions.length === 1 ? 'RESERVED' : 'HELD';
      expect((await trail(number)).at(-1)).toMatchObject({ ...leased, from_state: from });
    }
  });

  it('ends a lapsed claim of somebody first, with its own row and event; an own one gives no right', async () => {
    const [holder, other] = [await tenant(), await tenant('business', 'numbering:write')];
    const [theirs, own] = [await fresh(), await fresh()];
    await ok(other.calls.post(numberPath(theirs, 'reserve')));
    await ok(other.calls.post(numberPath(own, 'reserve')));
    await door.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE tenant_id = $1`,
      [other.id],
    );
    await ok(lease(holder.calls, theirs, terms(holder.id)));
    const released = { action: 'TTL_EXPIRE', topic: 'numbering.reservation.released' };
    expect(await trail(theirs)).toMatchObject([
      { action: 'RESERVE', version: 2 },
      { ...released, from_state: 'RESERVED', to_state: 'AVAILABLE', version: 3 },
      { ...leased, from_state: 'AVAILABLE', version: 4 },
    ]);
    const late = await lease(other.calls, own, terms(other.id));
    expect([late.status, late.body.code, late.body['state']]).toEqual([
      409,
      'RESERVATION_REQUIRED',
      'AVAILABLE',
    ]);
  });

  it('begins at the database’s now and ends a term later, as answered so stored', async () => {
    const { id, calls } = await tenant();
    const number = await fresh();
    const clock = () => door.sql<{ now: Date }>('SELECT clock_timestamp() AS now');
    const [before] = await clock();
    const made = await ok(lease(calls, number, terms(id, { term: 'P1Y6M', autoRenew: true })));
    const [after] = await clock();
    const [row] = await door.sql(
      `SELECT effective_from, effective_until, auto_renew, term,
              effective_until AT TIME ZONE 'UTC'
                = (effective_from AT TIME ZONE 'UTC') + interval '18 months' AS is_its_term
         FROM numbering.leases WHERE lease_id = $1`,
      [made['leaseId']],
    );
    const from = new Date(String(made['effectiveFrom']));
    expect(row).toEqual({
      effective_from: from,
      effective_until: new Date(String(made['effectiveUntil'])),
      auto_renew: true,
      term: 'P1Y6M',
      is_its_term: true,
    });
    expect(from.getTime()).toBeGreaterThanOrEqual((before?.now.getTime() ?? 0) - 1);
    expect(from.getTime()).toBeLessThanOrEqual((after?.now.getTime() ?? 0) + 1);
  });

  it('is for the token’s tenant, for another one with numbering:tenants:any alone (ruling 15)', async () => {
    const [one, two] = [await tenant(), await tenant()];
    const number = await fresh();
    const foreign = await lease(one.calls, number, terms(two.id));
    expect([foreign.status, foreign.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    const any = await door.tenant(one.id, `${BYPASS} numbering:tenants:any`);
    expect(await ok(lease(any, number, terms(two.id)))).toMatchObject({ tenantId: two.id });
    const anybody = await door.issuer.token({ sub: 'desk', scope: BYPASS });
    const nobody = await lease(door.as(anybody), await fresh(), terms(two.id));
    expect([nobody.status, nobody.body.code]).toEqual([403, 'TENANT_MISMATCH']);
  });

  it.each(['MSISDN', 'SHORT_CODE', 'ALPHA'])(
    'of class %s above its quota: 403 with quota, current, currentCount and identifierClass',
    async (identifierClass) => {
      const { id, calls } = await tenant();
      await ok(door.admin.put(`${ADMIN}/tenants/${id}/quotas`, { [identifierClass]: 2 }));
      const made = {
        MSISDN: fresh,
        SHORT_CODE: () => register(`70${100 + next++}`),
        ALPHA: () => register(`Quota ${next++}`),
      }[identifierClass] as () => Promise<string>;
      for (let count = 0; count < 2; count++) await ok(lease(calls, await made(), terms(id)));
      const { status, body } = await lease(calls, await made(), terms(id));
      expect(status).toBe(403);
      const figures = { quota: 2, current: 2, currentCount: 2, identifierClass };
      expect(body).toMatchObject({ code: 'QUOTA_EXCEEDED', ...figures });
      // The other classes have quotas of their own.
      const other =
        identifierClass === 'MSISDN' ? await register(`Other ${next++}`) : await fresh();
      expect((await lease(calls, other, terms(id))).status).toBe(201);
    },
  );

  it('counts suspended leases and leases past their end, recalled ones not', async () => {
    const { id, calls } = await tenant();
    await ok(door.admin.put(`${ADMIN}/tenants/${id}/quotas`, { MSISDN: 2 }));
    const [suspended, past, third] = [await fresh(), await fresh(), await fresh()];
    for (const number of [suspended, past]) await ok(lease(calls, number, terms(id)));
    const path = `/v1/admin/numbers/${encodeURIComponent(suspended)}/suspend`;
    await ok(door.admin.post(path, { reason: 'a test' }));
    await door.sql(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() WHERE identifier = $1`,
      [past],
    );
    expect((await lease(calls, third, terms(id))).body).toMatchObject({ currentCount: 2 });
    const ask = { reason: 'TENANT_REQUEST', actorId: `user-${id}` };
    await ok(calls.post(numberPath(past, 'recall'), ask));
    expect((await lease(calls, third, terms(id))).status).toBe(201);
  });

  it('answers with the price of plan, class and vanity tier', async () => {
    const prices = await door.sql<{
      plan: string;
      identifier_class: string;
      vanity: boolean;
      setup: number;
      monthly: number;
      currency: string;
    }>('SELECT plan, identifier_class, vanity, setup, monthly, currency FROM numbering.price_list');
    const priceOf = (plan: string, identifierClass: string, vanity: boolean) => {
      const row = prices.find(
        (each) =>
          each.plan === plan && each.identifier_class === identifierClass && each.vanity === vanity,
      );
      if (!row) throw new Error(`no price of ${plan} ${identifierClass}`);
      return { setup: Number(row.setup), monthly: Number(row.monthly), currency: row.currency };
    };
    for (const plan of ['starter', 'enterprise']) {
      const { id, calls } = await tenant(plan);
      const plain = await ok(lease(calls, await fresh(), terms(id)));
      expect(plain['price']).toEqual(priceOf(plan, 'MSISDN', false));
      const code = await register(`80${100 + next++}`, { vanityEligible: true });
      const vanity = await ok(lease(calls, code, terms(id, { vanityFlag: true, term: '3y' })));
      expect(vanity).toMatchObject({ vanity: true, price: priceOf(plan, 'SHORT_CODE', true) });
    }
  });

  it('under one Idempotency-Key is made once, and told again as it was', async () => {
    const { id, calls } = await tenant();
    const number = await fresh();
    const under = { headers: { 'idempotency-key': 'lease-once' } };
    const call = () => calls.post(numberPath(number, 'lease'), terms(id), under);
    const [first, again] = [await call(), await call()];
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await trail(number)).toHaveLength(1);
    const longer = await calls.post(numberPath(number, 'lease'), terms(id, { term: '60d' }), under);
    expect([longer.status, longer.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });
});
