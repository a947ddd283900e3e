import { randomBytes } from 'node:crypto';
import { eventually, Suite, type Answer, type RestCaller } from '@numbering/testing';

const AVAILABLE = '/v1/numbers/available';
const PRICES = '/v1/admin/numbering/prices';

interface Item {
  identifier: string;
  identifierClass: string;
  operatorId: string;
  vanityEligible: boolean;
  price: { setup: number; monthly: number; currency: string };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** Letters that nobody else's names begin with. */
const letters = () => Array.from(randomBytes(5), (byte) => LETTERS[byte % LETTERS.length]).join('');

describe('US-NUM-014 a tenant browses the pool', () => {
  const suite = new Suite();
  afterAll(() => suite.close());

  const register = (identifiers: object[]) =>
    suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
  const named = (names: string[], more: object = {}) =>
    register(names.map((identifier) => ({ identifier, identifierClass: 'ALPHA', ...more })));
  const browse = async (api: RestCaller, query: string) => {
    const body = await suite.expect(200, api.get(`${AVAILABLE}?${query}`));
    return { items: body['items'] as Item[], nextPage: body['nextPage'] as string | null };
  };
  const names = async (api: RestCaller, query: string) =>
    (await browse(api, query)).items.map(({ identifier }) => identifier);

  it('by class, operator, prefix and vanity, each item at the price of its plan', async () => {
    const [tenant, premium] = [await suite.tenant('business'), await suite.tenant('premium')];
    const [number = ''] = await suite.numbers(1);
    const code = `7${String(randomBytes(4).readUInt32BE() % 10_000_000).padStart(7, '0')}`;
    await register([{ identifier: code, vanityEligible: true }]);
    const { items } = (await suite.expect(200, suite.admin.get(PRICES))) as {
      items: (Item['price'] & { plan: string; identifierClass: string; vanity: boolean })[];
    };
    const priceOf = (plan: string, identifierClass: string, vanity: boolean) => {
      const row = items.find(
        (each) =>
          each.plan === plan && each.identifierClass === identifierClass && each.vanity === vanity,
      );
      return row && { setup: row.setup, monthly: row.monthly, currency: row.currency };
    };
    for (const [{ api }, plan] of [
      [tenant, 'business'],
      [premium, 'premium'],
    ] as const) {
      const query = `identifierClass=MSISDN&operatorId=ROSHAN&prefix=${number.slice(1)}&vanity=false`;
      expect((await browse(api, query)).items).toEqual([
        {
          identifier: number,
          identifierClass: 'MSISDN',
          operatorId: 'ROSHAN',
          vanityEligible: false,
          price: priceOf(plan, 'MSISDN', false),
        },
      ]);
      expect((await browse(api, `prefix=${code}&vanity=true`)).items).toEqual([
        {
          identifier: code,
          identifierClass: 'SHORT_CODE',
          operatorId: 'NATIONAL',
          vanityEligible: true,
          price: priceOf(plan, 'SHORT_CODE', true),
        },
      ]);
    }
    expect(await names(tenant.api, `operatorId=AWCC&prefix=${number.slice(1)}`)).toEqual([]);
  });

  it('with BANK* and its like, in pages that end, by cursors that are of one list', async () => {
    const { api } = await suite.tenant();
    const bank = letters();
    const made = ['', '1', '2', '3', '4', '5'].map((end) => `${bank.toUpperCase()}${end}`);
    await named(made);
    const query = `identifierClass=ALPHA&pattern=${bank.toUpperCase()}*`;
    const seen: string[] = [];
    let page: string | null = '';
    let first: string | null = null;
    while (page !== null) {
      const found: Awaited<ReturnType<typeof browse>> = await browse(
        api,
        `${query}&limit=2${page === '' ? '' : `&page=${page}`}`,
      );
      seen.push(...found.items.map(({ identifier }) => identifier));
      page = found.nextPage;
      first ??= page;
    }
    expect(seen).toEqual(made);
    expect(await names(api, `pattern=*${bank}3`)).toEqual([made[3]]);
    expect(await names(api, `pattern=${bank}_`)).toEqual([]);
    const code = ({ status, body }: Answer) => [status, body['code']];
    const other = await suite.tenant();
    for (const refused of [
      await api.get(`${AVAILABLE}?page=${first}`),
      await api.get(`${AVAILABLE}?${query}&page=${first?.slice(0, -1)}`),
      await other.api.get(`${AVAILABLE}?${query}&page=${first}`),
    ]) {
      expect(code(refused)).toEqual([400, 'INVALID_CURSOR']);
    }
  });

  it('without what is claimed, and again with it when it is free', async () => {
    const { api } = await suite.tenant();
    const [number = ''] = await suite.numbers(1);
    const query = `pattern=${number.slice(1)}`;
    expect(await names(api, query)).toEqual([number]);
    await suite.expect(201, api.on(number, 'reserve'));
    expect(await names(api, query)).toEqual([]);
    await suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp()
        WHERE identifier = $1 AND state = 'RESERVED'`,
      [number],
    );
    await eventually(async () => expect(await names(api, query)).toEqual([number]));
  });

  it('without what is not yet valid, from its validFrom on with it', async () => {
    const { api } = await suite.tenant();
    const name = letters().toUpperCase();
    await named([name], { validFrom: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await names(api, `pattern=${name}`)).toEqual([]);
    await suite.sql(
      `UPDATE numbering.identifiers SET valid_from = clock_timestamp() WHERE identifier = $1`,
      [name],
    );
    await eventually(async () => expect(await names(api, `pattern=${name}`)).toEqual([name]));
  });

  it('within its operator allowlist: null all, [] none', async () => {
    const { api, id } = await suite.tenant();
    const [number = ''] = await suite.numbers(1);
    const allow = (operatorAllowlist: string[] | null) =>
      suite.expect(
        200,
        suite.admin.put(`/v1/admin/numbering/tenants/${id}`, {
          plan: 'business',
          operatorAllowlist,
        }),
      );
    const query = `pattern=${number.slice(1)}`;
    for (const [allowlist, listed] of [
      [['AWCC', 'NATIONAL'], []],
      [['ROSHAN'], [number]],
      [[], []],
      [null, [number]],
    ] as const) {
      await allow(allowlist && [...allowlist]);
      expect(await names(api, query)).toEqual(listed);
    }
    const unknown = await api.get(`${AVAILABLE}?operatorId=NOBODY`);
    expect([unknown.status, unknown.body['code']]).toEqual([422, 'VALIDATION_FAILED']);
  });

  it('at a price that an admin changes, at once, and what was leased keeps its own', async () => {
    const { api, id } = await suite.tenant('enterprise');
    const name = letters().toUpperCase();
    await named([name, `${name}2`]);
    const row = { plan: 'enterprise', identifierClass: 'ALPHA', vanity: false };
    const put = (price: object) => suite.admin.put(PRICES, { items: [{ ...row, ...price }] });
    const [{ price: before } = { price: {} }] = (await browse(api, `pattern=${name}`)).items;
    const terms = { tenantId: id, term: '30d', autoRenew: false };
    await suite.expect(201, api.on(name, 'reserve'));
    const key = { 'idempotency-key': `lease-${name}` };
    const leased = await suite.expect(201, api.on(name, 'lease', terms, key));
    expect(leased['price']).toEqual(before);
    const price = { setup: 12_345, monthly: 678, currency: 'USD' };
    try {
      await suite.expect(200, put(price));
      expect((await browse(api, `pattern=${name}2`)).items).toMatchObject([{ price }]);
      expect((await api.on(name, 'lease', terms, key)).body['price']).toEqual(before);
    } finally {
      await suite.expect(200, put(before));
    }
    const [audited] = await suite.sql<{ detail: { before: object[]; after: object[] } }>(
      `SELECT detail FROM numbering.audit_log
        WHERE action = 'PRICE_CHANGE' AND detail -> 'after' -> 0 ->> 'setup' = '12345'
        ORDER BY audit_id DESC LIMIT 1`,
    );
    expect(audited?.detail).toEqual({
      before: [{ ...row, ...before }],
      after: [{ ...row, ...price }],
    });
    const refused = await api.get(PRICES);
    expect([refused.status, refused.body['code']]).toEqual([403, 'FORBIDDEN']);
  });

  it('and has its own numbers as a list and as CSV', async () => {
    const { api } = await suite.tenant();
    const numbers = (await suite.numbers(3)).toSorted();
    for (const number of numbers) await suite.expect(201, api.on(number, 'reserve'));
    const { items } = (await suite.expect(200, api.get('/v1/numbers?state=RESERVED'))) as {
      items: Item[];
    };
    expect(items.map(({ identifier }) => identifier)).toEqual(numbers);
    const csv = await api.get('/v1/numbers', { accept: 'text/csv' });
    expect(csv.headers.get('content-disposition')).toContain('attachment');
    const [header, ...lines] = String(csv.body['text']).trim().split('\r\n');
    expect(header).toMatch(/^identifier,identifierClass,/);
    expect(lines.map((line) => line.split(',')[0])).toEqual(numbers);
  });
});
