// What is malformed, missing, oversized, foreign or repeated, for each endpoint of numbers and quotas, with the code that
// it gets; nothing of it may change anything.
import { openDoor, type Answer, type Calls, type Door } from './testing/door';

const MEGABYTE = 1024 * 1024;
const FOREIGN = 'somebody-else';
const OWN = 'acme';

interface Endpoint {
  method: 'GET' | 'POST';
  /** `{id}` stands for the identifier. */
  path: string;
  /** A body with which nothing is wrong. */
  body?: Record<string, unknown>;
  query?: true;
}

const TERMS = { tenantId: OWN, term: '30d', autoRenew: false };
const ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/v1/numbers', query: true },
  { method: 'GET', path: '/v1/numbers/available', query: true },
  { method: 'GET', path: '/v1/numbers/{id}' },
  { method: 'GET', path: '/v1/numbers/{id}/history', query: true },
  { method: 'GET', path: '/v1/quotas', query: true },
  { method: 'POST', path: '/v1/numbers/{id}/reserve', body: {} },
  { method: 'POST', path: '/v1/numbers/{id}/hold', body: {} },
  { method: 'POST', path: '/v1/numbers/{id}/release', body: {} },
  { method: 'POST', path: '/v1/numbers/{id}/lease', body: TERMS },
  { method: 'POST', path: '/v1/numbers/reservations', body: { identifiers: ['+93790000001'] } },
];
const nameOf = ({ method, path }: Endpoint): string => `${method} ${path}`;
const OF_ONE = ENDPOINTS.filter(({ path }) => path.includes('{id}'));
const COMMANDS = ENDPOINTS.filter(({ method }) => method === 'POST');
const QUERIES = ENDPOINTS.filter(({ query }) => query);

const BAD_IDENTIFIERS: [what: string, inPath: string][] = [
  ['two digits', '12'],
  ['nine digits', '123456789'],
  ['too few digits', '%2B9379000000'],
  ['too many digits', '%2B937900000011'],
  ['another country', '%2B12125550100'],
  ['two spaces before it', '%20%2093790000001'],
  ['a space at its end', 'Bank%20'],
  ['twelve letters', 'TwelveLetter'],
  ['no letter', '-.-'],
  ['a sign that no sender has', 'Bank%23'],
  ['a line break', 'Ba%0Ank'],
  ['NUL', '40%0040'],
  ['an emoji', encodeURIComponent('😀')],
  ['digits of another script', encodeURIComponent('９３７９００００００１')],
  ['a plus that is encoded three times', '%25252B93790000001'],
  ['a quote and SQL', encodeURIComponent("' OR 1=1--")],
  ['300 characters', 'x'.repeat(300)],
];

const BAD_BODIES: [what: string, body: string, status: number, code: string][] = [
  ['that ends early', '{"tenantId":', 400, 'MALFORMED'],
  ['that is empty', '', 400, 'MALFORMED'],
  ['that is a list', '[]', 400, 'MALFORMED'],
  ['that is null', 'null', 400, 'MALFORMED'],
  ['that is text', '"x"', 400, 'MALFORMED'],
  ['that is a number', '5', 400, 'MALFORMED'],
  ['with a prototype', '{"__proto__":{"x":1}}', 400, 'MALFORMED'],
  ['beyond a megabyte', `{"tenantId":"${'x'.repeat(MEGABYTE)}"}`, 413, 'PAYLOAD_TOO_LARGE'],
];

const NO_TEXT = [5, true, null, {}, [], '', ' ', 'a\0b', '\ud800', 'x'.repeat(256)];
const NO_FLAG = ['true', 1, null, {}, []];
const LEFT_OUT = undefined;

/** By the member and the path of its command: what it may not be. */
const BAD_MEMBERS: readonly [path: RegExp, member: string, values: readonly unknown[]][] = [
  [/./, 'tenantId', NO_TEXT],
  [/./, 'discount', [1]],
  [/\/lease$/, 'tenantId', [LEFT_OUT]],
  [/\/lease$/, 'term', [LEFT_OUT, 5, null, ['30d'], 'x'.repeat(65), '30\0d']],
  [/\/lease$/, 'autoRenew', [LEFT_OUT, ...NO_FLAG]],
  [/\/lease$/, 'vanityFlag', NO_FLAG],
  [/reservations/, 'atomic', NO_FLAG],
  [
    /reservations/,
    'identifiers',
    [LEFT_OUT, null, '+93790000001', {}, [], Array(101).fill('4040')],
  ],
  [/reservations/, 'identifiers', [[5], [null], [['4040']], ['40\0'], ['x'.repeat(256)]]],
];
const shown = (value: unknown): string =>
  (value === LEFT_OUT ? 'left out' : JSON.stringify(value)).slice(0, 24);
const badMembers = COMMANDS.flatMap((endpoint) =>
  BAD_MEMBERS.filter(([path]) => path.test(endpoint.path)).flatMap(([, member, values]) =>
    values.map((value) => [nameOf(endpoint), member, shown(value), endpoint, value] as const),
  ),
);

const BAD_QUERIES: [query: string, status: number, code: string, of: RegExp][] = [
  ['limit=0', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=201', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=abc', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=-1', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=1.5', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=1e2', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=99999999999999999999', 422, 'VALIDATION_FAILED', /numbers/],
  ['limit=1&limit=1', 422, 'VALIDATION_FAILED', /numbers/],
  ['page=a&page=b', 422, 'VALIDATION_FAILED', /numbers/],
  ['page=nonsense', 400, 'INVALID_CURSOR', /numbers/],
  ['page=WyJ4Il0.AAAA', 400, 'INVALID_CURSOR', /numbers/],
  ['cursor=WyJ4Il0.AAAA', 400, 'INVALID_CURSOR', /numbers/],
  ['page=%F0%9F%98%80', 400, 'INVALID_CURSOR', /numbers/],
  [`page=${'x'.repeat(2_049)}`, 400, 'INVALID_CURSOR', /numbers/],
  ['page=%00', 400, 'INVALID_CURSOR', /numbers/],
  ['cursor=%20', 400, 'INVALID_CURSOR', /numbers/],
  ['colour=red', 422, 'VALIDATION_FAILED', /./],
  ['tenantId=', 422, 'VALIDATION_FAILED', /./],
  ['tenantId=a%00b', 422, 'VALIDATION_FAILED', /./],
  [`tenantId=${'x'.repeat(256)}`, 422, 'VALIDATION_FAILED', /./],
  [`tenantId=${OWN}&tenantId=${OWN}`, 422, 'VALIDATION_FAILED', /./],
  [`tenantId=${FOREIGN}`, 403, 'TENANT_MISMATCH', /./],
  ['state=LOST', 422, 'VALIDATION_FAILED', /numbers$/],
  ['state=AVAILABLE', 422, 'VALIDATION_FAILED', /numbers$/],
  ['state=held', 422, 'VALIDATION_FAILED', /numbers$/],
  ['state=HELD&state=HELD', 422, 'VALIDATION_FAILED', /numbers$/],
  ['identifierClass=EMAIL', 422, 'VALIDATION_FAILED', /numbers$/],
  ['identifierClass=', 422, 'VALIDATION_FAILED', /numbers$/],
  ['identifierClass=EMAIL', 422, 'VALIDATION_FAILED', /available/],
  ['identifierClass=msisdn', 422, 'VALIDATION_FAILED', /available/],
  ['identifierClass=MSISDN&identifierClass=ALPHA', 422, 'VALIDATION_FAILED', /available/],
  ['operatorId=NOBODY', 422, 'VALIDATION_FAILED', /available/],
  ['operatorId=roshan', 422, 'VALIDATION_FAILED', /available/],
  ['operatorId=AWCC&operatorId=ROSHAN', 422, 'VALIDATION_FAILED', /available/],
  ['operatorId=a%00b', 422, 'VALIDATION_FAILED', /available/],
  [`prefix=${'9'.repeat(65)}`, 422, 'VALIDATION_FAILED', /available/],
  ['prefix=%00', 422, 'VALIDATION_FAILED', /available/],
  ['prefix=1&prefix=2', 422, 'VALIDATION_FAILED', /available/],
  ['pattern=B*NK', 422, 'VALIDATION_FAILED', /available/],
  ['pattern=*B*NK', 422, 'VALIDATION_FAILED', /available/],
  ['pattern=***', 422, 'VALIDATION_FAILED', /available/],
  ['pattern=%20', 422, 'VALIDATION_FAILED', /available/],
  ['pattern=a%00b', 422, 'VALIDATION_FAILED', /available/],
  ['pattern=A*&pattern=B*', 422, 'VALIDATION_FAILED', /available/],
  [`pattern=${'x'.repeat(10_000)}`, 422, 'VALIDATION_FAILED', /available/],
  ['vanity=yes', 422, 'VALIDATION_FAILED', /available/],
  ['vanity=1', 422, 'VALIDATION_FAILED', /available/],
  ['vanity=toString', 422, 'VALIDATION_FAILED', /available/],
  ['vanity=true&vanity=true', 422, 'VALIDATION_FAILED', /available/],
  ['state=AVAILABLE', 422, 'VALIDATION_FAILED', /available/],
];
const badQueries = QUERIES.flatMap((endpoint) =>
  BAD_QUERIES.filter(([, , , of]) => of.test(endpoint.path)).map(
    ([query, status, code]) => [nameOf(endpoint), query, status, code, endpoint] as const,
  ),
);

describe('bad input', () => {
  let door: Door;
  let tenant: Calls;
  let number: string;

  beforeAll(async () => {
    door = await openDoor();
    tenant = await door.tenant(OWN);
    [number = ''] = await door.numbers(1);
  });
  afterAll(() => door.close());

  /** All that a refused call must leave as it was. */
  const ledger = async () =>
    door.sql(`SELECT (SELECT sum(version) FROM numbering.identifiers) AS versions,
                     (SELECT count(*) FROM numbering.leases) AS claims,
                     (SELECT count(*) FROM numbering.audit_log) AS audits,
                     (SELECT count(*) FROM numbering.outbox) AS events,
                     (SELECT count(*) FROM numbering.idempotency_keys) AS keys,
                     (SELECT count(*) FROM numbering.tenants) AS tenants`);

  const pathOf = ({ path }: Endpoint, id = encodeURIComponent(number)) => path.replace('{id}', id);
  const json = { 'content-type': 'application/json' };

  interface Sent {
    as?: Calls;
    path?: string;
    body?: unknown;
    headers?: Record<string, string>;
    method?: string;
  }

  /** The call with which nothing is wrong but what is said. */
  function send(endpoint: Endpoint, sent: Sent = {}): Promise<Answer> {
    const { as = tenant, path = pathOf(endpoint), body = endpoint.body, ...options } = sent;
    const method = options.method ?? endpoint.method;
    return method === 'GET' ? as.get(path, options) : as.post(path, body, options);
  }

  async function expectRefused(
    call: () => Promise<Answer>,
    status: number,
    code: string,
  ): Promise<Answer> {
    const before = await ledger();
    const answer = await call();
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(answer.body).toMatchObject({
      type: `/docs/errors#${code}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: expect.stringMatching(/^\/v1\//),
    });
    expect(await ledger()).toEqual(before);
    return answer;
  }
  const faultsOf = ({ body }: Answer) =>
    (body['errors'] as { field: string; code: string; message: string }[]).map((fault) => {
      expect([fault.code, fault.message].map((each) => typeof each)).toEqual(['string', 'string']);
      return fault.field;
    });

  describe.each(OF_ONE.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
    '%s',
    (_, endpoint) => {
      it.each(BAD_IDENTIFIERS)('with %s for an identifier: 422', async (_what, inPath) => {
        const call = () => send(endpoint, { path: pathOf(endpoint, inPath) });
        await expectRefused(call, 422, 'INVALID_IDENTIFIER');
      });

      it('with one that is not in the ledger: 404', async () => {
        for (const unknown of ['%2B93799999999', '99999999', 'Nobody']) {
          const call = () => send(endpoint, { path: pathOf(endpoint, unknown) });
          await expectRefused(call, 404, 'UNKNOWN_IDENTIFIER');
        }
      });

      it('with a path that is none: 400, 404, 413', async () => {
        const at = (id: string) => () => send(endpoint, { path: pathOf(endpoint, id) });
        await expectRefused(at('%zz'), 400, 'MALFORMED');
        await expectRefused(at('%E0%A4'), 400, 'MALFORMED');
        await expectRefused(at('a%2Fb/c'), 404, 'NOT_FOUND');
        const { status, body } = await at('a'.repeat(20_000))();
        expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
      });
    },
  );

  describe.each(COMMANDS.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
    '%s',
    (_, endpoint) => {
      it.each(BAD_BODIES)('with a body %s', async (_what, body, status, code) => {
        await expectRefused(() => send(endpoint, { body, headers: json }), status, code);
      });

      it.each([
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/xml',
        'multipart/form-data; boundary=x',
        'application/jsonx',
        'json',
      ])('with a body of type %s: 415', async (type) => {
        const body = JSON.stringify(endpoint.body);
        const call = () => send(endpoint, { body, headers: { 'content-type': type } });
        await expectRefused(call, 415, 'UNSUPPORTED_MEDIA_TYPE');
      });

      it('for another tenant: 403', async () => {
        const body = { ...endpoint.body, tenantId: FOREIGN };
        await expectRefused(() => send(endpoint, { body }), 403, 'TENANT_MISMATCH');
      });

      it.each([
        ['256 characters', 'x'.repeat(256)],
        ['a space within', 'a b'],
        ['nothing in it', ''],
        ['letters beyond ASCII', 'schl\u00fcssel'],
      ])('with an Idempotency-Key of %s: 422, and it is not kept', async (_what, key) => {
        const call = () => send(endpoint, { headers: { 'idempotency-key': key } });
        const answer = await expectRefused(call, 422, 'VALIDATION_FAILED');
        expect(faultsOf(answer)).toEqual(['Idempotency-Key']);
      });
    },
  );

  it.each(badMembers)(
    '%s with %s %s: 422, and says so',
    async (_name, member, _shown, endpoint, value) => {
      const { [member]: _left, ...others } = endpoint.body ?? {};
      const body = value === LEFT_OUT ? others : { ...endpoint.body, [member]: value };
      const answer = await expectRefused(() => send(endpoint, { body }), 422, 'VALIDATION_FAILED');
      expect(faultsOf(answer)).toEqual([member]);
    },
  );

  it.each(['', 'soon', '0d', 'P1Y2W', '11y', '-1d'])(
    'a lease with the term %j: 422',
    async (term) => {
      const [endpoint] = ENDPOINTS.filter(({ path }) => path.endsWith('/lease'));
      const call = () => send(endpoint as Endpoint, { body: { ...TERMS, term } });
      await expectRefused(call, 422, 'INVALID_TERM');
    },
  );

  it.each(badQueries)('%s?%s: %d %s', async (_name, query, status, code, endpoint) => {
    await expectRefused(
      () => send(endpoint, { path: `${pathOf(endpoint)}?${query}` }),
      status,
      code,
    );
  });

  it.each(ENDPOINTS.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
    '%s with a wrong method is 404, without a token 401, with one that may not read 403',
    async (_name, endpoint) => {
      const wrong = endpoint.method === 'GET' ? ['PUT', 'PATCH', 'DELETE'] : ['PUT', 'DELETE'];
      for (const method of wrong) {
        await expectRefused(() => send(endpoint, { method }), 404, 'NOT_FOUND');
      }
      const nobody = door.as(undefined);
      await expectRefused(() => send(endpoint, { as: nobody }), 401, 'UNAUTHENTICATED');
      const forged = door.as('no.token.atall');
      await expectRefused(() => send(endpoint, { as: forged }), 401, 'UNAUTHENTICATED');
      const validator = await door.tenant(OWN, 'numbering:validate');
      await expectRefused(() => send(endpoint, { as: validator }), 403, 'FORBIDDEN');
    },
  );

  it('takes one list’s cursor on no other list, and none that was changed', async () => {
    const lister = await door.tenant('lister');
    const numbers = await door.numbers(3);
    for (const each of numbers) {
      const reserved = await lister.post(`/v1/numbers/${encodeURIComponent(each)}/reserve`);
      expect(reserved.status).toBe(201);
    }
    const page = String((await lister.get('/v1/numbers?limit=1')).body['nextPage']);
    const [payload = '', code = ''] = page.split('.');
    const other = payload.startsWith('A') ? 'B' : 'A';
    const history = `/v1/numbers/${encodeURIComponent(numbers[0] ?? '')}/history`;
    for (const route of [
      `${history}?page=${page}`,
      `/v1/numbers?state=HELD&page=${page}`,
      `/v1/numbers?page=${other}${payload.slice(1)}.${code}`,
      `/v1/numbers?page=${payload}`,
      `/v1/numbers?page=${page}.${code}`,
      `/v1/numbers?page=${page}=`,
    ]) {
      await expectRefused(() => lister.get(route), 400, 'INVALID_CURSOR');
    }
    expect((await lister.get(`/v1/numbers?limit=1&page=${page}`)).status).toBe(200);
  });

  it('takes a number twice in one call as the second caller for it', async () => {
    const [one = ''] = await door.numbers(1);
    const identifiers = [one, one.slice(1), '12', '+93799999998'];
    const { status, body } = await tenant.post('/v1/numbers/reservations', { identifiers });
    expect(status).toBe(200);
    expect(body.items).toMatchObject([
      { identifier: one, status: 'reserved' },
      { identifier: one, status: 'refused', code: 'INVALID_STATE', state: 'RESERVED' },
      { identifier: '12', status: 'refused', code: 'INVALID_IDENTIFIER' },
      { identifier: '+93799999998', status: 'refused', code: 'UNKNOWN_IDENTIFIER' },
    ]);
  });
});
