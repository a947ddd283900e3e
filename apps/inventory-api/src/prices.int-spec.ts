import { numberPath, openDoor, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const PRICES = `${ADMIN}/prices`;
const ROW = { plan: 'premium', identifierClass: 'MSISDN', vanity: false };

describe('the price list', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor();
  });
  afterAll(() => door.close());

  const put = async (...items: object[]) => {
    const { status, body, text } = await door.admin.put(PRICES, { items });
    if (status !== 200) throw new Error(text);
    return body.items ?? [];
  };
  const audited = () =>
    door.sql<{ actor: string; detail: { before: object[]; after: object[] } }>(
      `SELECT actor, detail FROM numbering.audit_log WHERE action = 'PRICE_CHANGE' ORDER BY audit_id`,
    );

  it('sets what is named, leaves the rest, and keeps what was before', async () => {
    const { body } = await door.admin.get(PRICES);
    expect(body['nextPage']).toBeNull();
    const before = body.items ?? [];
    expect(before).toHaveLength(16);
    const price = { ...ROW, setup: 1, monthly: 2, currency: 'USD' };
    const made = {
      ...ROW,
      identifierClass: 'ALPHA',
      vanity: true,
      setup: 3,
      monthly: 4,
      currency: 'AFN',
    };
    const after = await put(price, made);
    expect(after).toHaveLength(17);
    expect(after).toEqual(expect.arrayContaining([price, made]));
    const isNamed = (each: object) =>
      ['plan', 'identifierClass', 'vanity'].every(
        (member) => Reflect.get(each, member) === Reflect.get(price, member),
      );
    expect((await door.admin.get(PRICES)).body.items).toEqual(after);
    expect(after.filter((each) => !isNamed(each) && each['currency'] !== 'USD')).toEqual(
      expect.arrayContaining(before.filter((each) => !isNamed(each))),
    );
    const [{ actor, detail } = {}] = await audited();
    expect(actor).toBe('admin-1');
    expect(detail).toEqual({
      before: before.filter(isNamed),
      after: expect.arrayContaining([price, made]),
    });
  });

  it('comes in pages like any list', async () => {
    const seen: unknown[] = [];
    let page = '';
    do {
      const { body } = await door.admin.get(`${PRICES}?limit=5${page}`);
      seen.push(...(body.items ?? []));
      page = body['nextPage'] === null ? '' : `&page=${String(body['nextPage'])}`;
    } while (page !== '');
    expect(seen).toEqual((await door.admin.get(`${PRICES}?limit=200`)).body.items);
  });

  it('counts at once for the next lease, and leaves the one before at its price', async () => {
    await door.admin.put(`${ADMIN}/tenants/buyer`, { plan: 'premium' });
    const tenant = await door.tenant('buyer');
    const [first = '', second = ''] = await door.numbers(2);
    const terms = { tenantId: 'buyer', term: '30d', autoRenew: false };
    const leaseAt = async (number: string, price: object) => {
      await put({ ...ROW, ...price });
      await tenant.post(numberPath(number, 'reserve'), {});
      const headers = { 'idempotency-key': `lease-${number}` };
      return tenant.post(numberPath(number, 'lease'), terms, { headers });
    };
    const cheap = { setup: 10, monthly: 1, currency: 'AFN' };
    const dear = { setup: 99, monthly: 9, currency: 'AFN' };
    expect((await leaseAt(first, cheap)).body).toMatchObject({ state: 'LEASED', price: cheap });
    expect((await leaseAt(second, dear)).body).toMatchObject({ state: 'LEASED', price: dear });
    expect((await leaseAt(first, dear)).body).toMatchObject({ price: cheap });
    const { body } = await tenant.get(`${numberPath(first)}/history`);
    expect(body.items?.map(({ action }) => action)).toEqual(['RESERVE', 'LEASE']);
    const priced = await door.sql(
      `SELECT detail -> 'price' AS price FROM numbering.audit_log
        WHERE identifier = $1 AND action = 'LEASE'`,
      [first],
    );
    expect(priced).toEqual([{ price: cheap }]);
  });

  it('of two changes at once has each whole, and audits what each found', async () => {
    const changes = Array.from({ length: 10 }, (_, nth) => ({
      ...ROW,
      setup: 1_000 + nth,
      monthly: 2_000 + nth,
      currency: 'AFN',
    }));
    const earlier = (await audited()).length;
    await Promise.all(changes.map((change) => put(change)));
    const rows = (await audited()).slice(earlier);
    expect(rows).toHaveLength(changes.length);
    // Each found what the one before it had left.
    for (const [nth, { detail }] of rows.entries()) {
      const last = rows[nth - 1];
      if (last) expect(detail.before).toEqual(last.detail.after);
    }
    const [last] = rows.slice(-1);
    expect((await door.admin.get(PRICES)).body.items).toEqual(
      expect.arrayContaining(last?.detail.after ?? []),
    );
  });
});
