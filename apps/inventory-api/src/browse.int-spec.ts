import { openDoor, numberPath, type Answer, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const AVAILABLE = '/v1/numbers/available';

interface Item {
  identifier: string;
  identifierClass: string;
  operatorId: string;
  vanityEligible: boolean;
  price: { setup: number; monthly: number; currency: string } | null;
}

describe('browsing', () => {
  let door: Door;
  let tenant: Calls;
  beforeAll(async () => {
    door = await openDoor();
    tenant = await door.tenant('browser');
    await register([
      { identifier: '+93700000077', operatorId: 'AWCC' },
      { identifier: '+93700000078', operatorId: 'AWCC' },
    ]);
    await register([
      { identifier: '+93790000077', operatorId: 'ROSHAN' },
      { identifier: '+93790000001', operatorId: 'ROSHAN' },
    ]);
    await register([
      ...['4040', '4177'].map((identifier) => ({ identifier })),
      { identifier: '4077', vanityEligible: true },
      ...['Bank One', 'BANKER', 'River bank', 'b_nk', 'bunk'].map((identifier) => ({ identifier })),
    ]);
  });
  afterAll(() => door.close());

  const done = async (call: Promise<Answer>): Promise<Answer> => {
    const answer = await call;
    if (answer.status >= 300) throw new Error(answer.text);
    return answer;
  };
  const register = (identifiers: object[]) =>
    done(door.admin.post(`${ADMIN}/identifiers`, { identifiers }));
  const listed = async (query = '', by = tenant) => {
    const { body } = await done(by.get(`${AVAILABLE}?${query}`));
    return { items: (body.items ?? []) as unknown as Item[], next: body['nextPage'] };
  };
  const names = async (query = '', by = tenant) =>
    (await listed(query, by)).items.map(({ identifier }) => identifier);
  /** A tenant with the plan and operators that an admin gave it. */
  const tenantWith = async (id: string, terms: object) => {
    await done(door.admin.put(`${ADMIN}/tenants/${id}`, { plan: 'starter', ...terms }));
    return door.tenant(id);
  };

  const ALPHAS = ['b_nk', 'Bank One', 'BANKER', 'bunk', 'River bank'];
  const MSISDNS = ['+93700000077', '+93700000078', '+93790000001', '+93790000077'];
  const CODES = ['4040', '4077', '4177'];

  it.each([
    ['', [...ALPHAS, ...MSISDNS, ...CODES]],
    // The story's own address, as a form sends it that was left blank.
    ['identifierClass=&operatorId=&prefix=&vanity=&page=', [...ALPHAS, ...MSISDNS, ...CODES]],
    ['identifierClass=ALPHA&pattern=BANK*', ['Bank One', 'BANKER']],
    ['identifierClass=ALPHA&pattern=bank*', ['Bank One', 'BANKER']],
    ['pattern=*bank', ['River bank']],
    ['pattern=*BANK*', ['Bank One', 'BANKER', 'River bank']],
    ['pattern=riverbank', ['River bank']],
    ['pattern=*77', ['+93700000077', '+93790000077', '4077', '4177']],
    ['pattern=*77&identifierClass=SHORT_CODE', ['4077', '4177']],
    ['pattern=*77&identifierClass=SHORT_CODE&vanity=true', ['4077']],
    ['pattern=*77&vanity=false&operatorId=NATIONAL', ['4177']],
    ['pattern=40*', ['4040', '4077']],
    ['pattern=%2B9379*', ['+93790000001', '+93790000077']],
    ['pattern=9379*', ['+93790000001', '+93790000077']],
    ['prefix=+9379', ['+93790000001', '+93790000077']],
    ['prefix=%2B9379&pattern=*77', ['+93790000077']],
    ['prefix=Bank', ['Bank One', 'BANKER']],
    ['operatorId=AWCC', ['+93700000077', '+93700000078']],
    ['operatorId=ATOMA', []],
    // SQL's own wildcards are characters like any other.
    ['pattern=b_nk*', ['b_nk']],
    ['pattern=b%25nk*', []],
    ['pattern=%25', []],
    ['pattern=*_*', ['b_nk']],
    ["pattern=' OR 1=1--", []],
    ['pattern=%F0%9F%98%80*', []],
  ])('with %s', async (query, wanted) => {
    expect((await names(query)).toSorted()).toEqual(wanted.toSorted());
    const seen = (await listed(query)).items.map(({ identifierClass }) => identifierClass);
    expect(seen).toEqual(seen.toSorted());
  });

  it('lists by class and normal form, page by page, under either name of the cursor', async () => {
    const seen: string[] = [];
    let query = 'limit=2';
    for (let name = 'page'; ; name = name === 'page' ? 'cursor' : 'page') {
      const { items, next } = await listed(query);
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map(({ identifier }) => identifier));
      if (next === null) break;
      query = `limit=2&${name}=${String(next)}`;
    }
    const alphas = ['b_nk', 'BANKER', 'Bank One', 'bunk', 'River bank'];
    expect(seen).toEqual([...alphas, ...MSISDNS, ...CODES]);
  });

  it('refuses a cursor of other filters, another tenant, another list, and a changed one', async () => {
    const { next } = await listed('limit=1&identifierClass=MSISDN');
    const page = String(next);
    const other = await door.tenant('other-browser');
    const refused = async (query: string, by = tenant) => {
      const { status, body } = await by.get(`${AVAILABLE}?${query}`);
      expect([status, body.code]).toEqual([400, 'INVALID_CURSOR']);
    };
    await refused(`page=${page}`);
    await refused(`identifierClass=ALPHA&page=${page}`);
    await refused(`identifierClass=MSISDN&vanity=false&page=${page}`);
    await refused(`identifierClass=MSISDN&pattern=*77&page=${page}`);
    await refused(`identifierClass=MSISDN&page=${page}`, other);
    await refused(`identifierClass=MSISDN&page=${page.slice(0, -1)}`);
    const own = await tenant.get(`/v1/numbers?page=${page}`);
    expect(own.body.code).toBe('INVALID_CURSOR');
    // How many a page has is no filter.
    expect(await names(`limit=200&identifierClass=MSISDN&page=${page}`)).toEqual(MSISDNS.slice(1));
  });

  it('lists what the tenant’s allowlist lets through: null all, [] nothing', async () => {
    const some = await tenantWith('some-operators', { operatorAllowlist: ['AWCC', 'NATIONAL'] });
    expect(await names('identifierClass=MSISDN', some)).toEqual(MSISDNS.slice(0, 2));
    expect(await names('operatorId=AWCC', some)).toEqual(MSISDNS.slice(0, 2));
    expect(await names('operatorId=ROSHAN', some)).toEqual([]);
    const none = await tenantWith('no-operator', { operatorAllowlist: [] });
    expect(await listed('', none)).toEqual({ items: [], next: null });
    await tenantWith('no-operator', { operatorAllowlist: null });
    expect(await names('identifierClass=MSISDN', none)).toEqual(MSISDNS);
  });

  it('shows the tenant’s own prices, as they are now', async () => {
    const premium = await tenantWith('premium-browser', { plan: 'premium' });
    const prices = (await done(door.admin.get(`${ADMIN}/prices`))).body.items ?? [];
    const priceOf = (plan: string, identifierClass: string, vanity: boolean) => {
      const { setup, monthly, currency } =
        prices.find(
          (each) =>
            each['plan'] === plan &&
            each['identifierClass'] === identifierClass &&
            each['vanity'] === vanity,
        ) ?? {};
      return { setup, monthly, currency };
    };
    const shown = async (by: Calls) =>
      new Map((await listed('', by)).items.map(({ identifier, price }) => [identifier, price]));
    for (const [by, plan] of [
      [tenant, 'starter'],
      [premium, 'premium'],
    ] as const) {
      const its = await shown(by);
      expect(its.get('+93790000001')).toEqual(priceOf(plan, 'MSISDN', false));
      expect(its.get('4040')).toEqual(priceOf(plan, 'SHORT_CODE', false));
      expect(its.get('4077')).toEqual(priceOf(plan, 'SHORT_CODE', true));
      expect(its.get('BANKER')).toEqual(priceOf(plan, 'ALPHA', false));
    }
    const row = { plan: 'premium', identifierClass: 'ALPHA', vanity: false };
    const price = { setup: 7, monthly: 8, currency: 'USD' };
    await done(door.admin.put(`${ADMIN}/prices`, { items: [{ ...row, ...price }] }));
    expect((await shown(premium)).get('BANKER')).toEqual(price);
    expect((await shown(tenant)).get('BANKER')).toEqual(priceOf('starter', 'ALPHA', false));
  });

  it('is for another tenant where the token may act for it, and for nobody’s at the least plan’s', async () => {
    await tenantWith('acted-for', { plan: 'enterprise', operatorAllowlist: ['AWCC'] });
    expect(await names('tenantId=acted-for', door.admin)).toEqual(MSISDNS.slice(0, 2));
    const foreign = await tenant.get(`${AVAILABLE}?tenantId=acted-for`);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    const [first] = (await listed('identifierClass=MSISDN', door.admin)).items;
    const [its] = (await listed('identifierClass=MSISDN')).items;
    expect(first).toEqual(its);
  });

  it('lists a number that is claimed, retired or not yet valid to nobody', async () => {
    const [claimed = '', retired = ''] = await door.numbers(2);
    const ahead = new Date(Date.now() + 60_000).toISOString();
    const past = new Date(Date.now() - 60_000).toISOString();
    await register([
      { identifier: 'NotYet', validFrom: ahead },
      { identifier: 'NotYet2', validFrom: past },
    ]);
    expect(await names('pattern=notyet*')).toEqual(['NotYet2']);
    await done(tenant.post(numberPath(claimed, 'reserve'), {}));
    await done(
      door.admin.post(`/v1/admin/numbers/${encodeURIComponent(retired)}/retire`, { reason: 'x' }),
    );
    for (const number of [claimed, retired]) {
      expect(await names(`pattern=${encodeURIComponent(number)}`)).toEqual([]);
    }
    await done(tenant.post(numberPath(claimed, 'release'), {}));
    expect(await names(`pattern=${encodeURIComponent(claimed)}`)).toEqual([claimed]);
  });
});
