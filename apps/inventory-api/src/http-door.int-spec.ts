import { createConnection } from 'node:net';
import { numberPath, openDoor, type Answer, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const MEGABYTE = 1024 * 1024;
const LONG = 'a'.repeat(300);

describe('the door, whatever is sent to it', () => {
  let door: Door;
  let tenant: Calls;
  let number: string;
  let taken: string;

  beforeAll(async () => {
    door = await openDoor();
    tenant = await door.tenant('acme');
    [number = '', taken = ''] = await door.numbers(2);
    const other = await door.tenant('secret-other-tenant');
    expect((await other.post(numberPath(taken, 'reserve'), {})).status).toBe(201);
  });
  afterAll(() => door.close());

  /** Everything that a refused call must leave as it was. */
  const ledger = async () =>
    door.sql(`SELECT (SELECT sum(version) FROM numbering.identifiers) AS versions,
                     (SELECT count(*) FROM numbering.leases) AS claims,
                     (SELECT count(*) FROM numbering.audit_log) AS audits,
                     (SELECT count(*) FROM numbering.outbox) AS events,
                     (SELECT count(*) FROM numbering.tenants) AS tenants`);

  const expectProblem = (answer: Answer, status: number, code: string) => {
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ status, type: `/docs/errors#${code}` });
    expect(typeof answer.body.title).toBe('string');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(answer.text).not.toContain('secret-other-tenant');
  };

  const json = { headers: { 'content-type': 'application/json' } };
  const raw = (text: string) => () => tenant.post(numberPath(number, 'reserve'), text, json);
  const reserve = (identifier: string) => () => tenant.post(numberPath(identifier, 'reserve'), {});
  const path = (written: string) => () => tenant.post(`/v1/numbers/${written}/reserve`, {});
  const lease = (body: object) => () => tenant.post(numberPath(number, 'lease'), body);
  const recall = (body: object) => () => tenant.post(numberPath(number, 'recall'), body);
  const terms = { tenantId: 'acme', term: '30d', autoRenew: false };
  const register = (identifiers: unknown) => () =>
    door.admin.post(`${ADMIN}/identifiers`, { identifiers });

  const cases: [string, number, string, () => Promise<Answer>][] = [
    ['a taken number', 409, 'INVALID_STATE', () => reserve(taken)()],
    ['a lease without a reservation', 409, 'RESERVATION_REQUIRED', lease(terms)],
    [
      'a recall of what is not leased',
      409,
      'INVALID_STATE',
      () => recall({ reason: 'TENANT_REQUEST', actorId: 'user-acme' })(),
    ],
    [
      'a reason without its ticket',
      422,
      'TICKET_REQUIRED',
      recall({ reason: 'ABUSE', actorId: 'x' }),
    ],
    ['an unknown reason', 422, 'VALIDATION_FAILED', recall({ reason: 'WHIM', actorId: 'x' })],
    [
      'JSON for an import',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      () => door.admin.post(`${ADMIN}/blocks/import`, {}),
    ],
    ['20 MB of JSON', 413, 'PAYLOAD_TOO_LARGE', raw(`{"tenantId":"${'x'.repeat(20 * MEGABYTE)}"}`)],
    ['an empty segment', 404, 'NOT_FOUND', path('')],
    ['an unknown route', 404, 'NOT_FOUND', () => tenant.get('/v2/numbers')],
    ['a GET of a command', 404, 'NOT_FOUND', () => tenant.get(numberPath(number, 'reserve'))],
    [
      '1,001 items',
      422,
      'VALIDATION_FAILED',
      () =>
        register(Array.from({ length: 1_001 }, (_, i) => ({ identifier: String(100_000 + i) })))(),
    ],
    ['an item that is no object', 422, 'VALIDATION_FAILED', register(['4040'])],
    [
      'an unknown member of an item',
      422,
      'VALIDATION_FAILED',
      register([{ identifier: '1', x: 1 }]),
    ],
    [
      'a member of a body that has none',
      422,
      'VALIDATION_FAILED',
      () => door.admin.post(`${ADMIN}/tenants/acme/reinstate`, { x: 1 }),
    ],
    [
      'a short justification',
      422,
      'JUSTIFICATION_REQUIRED',
      () =>
        door.admin.post(`/v1/admin/numbers/4040/quarantine/release`, { justification: 'short' }),
    ],
    ['an unknown block', 404, 'UNKNOWN_BLOCK', () => door.admin.get(`${ADMIN}/blocks/nope`)],
    [
      'errors of an unknown block',
      404,
      'UNKNOWN_BLOCK',
      () => door.admin.get(`${ADMIN}/blocks/00000000-0000-4000-8000-000000000000/errors.csv`),
    ],
    [
      'an unknown plan',
      422,
      'VALIDATION_FAILED',
      () => door.admin.put(`${ADMIN}/tenants/acme`, { plan: 'gold' }),
    ],
    [
      'an unknown operator',
      422,
      'VALIDATION_FAILED',
      () =>
        door.admin.put(`${ADMIN}/tenants/acme`, { plan: 'starter', operatorAllowlist: ['NOBODY'] }),
    ],
    [
      'a quota below nothing',
      422,
      'VALIDATION_FAILED',
      () => door.admin.put(`${ADMIN}/tenants/acme/quotas`, { MSISDN: -1 }),
    ],
    [
      'half a quota',
      422,
      'VALIDATION_FAILED',
      () => door.admin.put(`${ADMIN}/tenants/acme/quotas`, { MSISDN: 1.5 }),
    ],
    [
      'a time that is none',
      422,
      'VALIDATION_FAILED',
      () => door.admin.get(`/v1/admin/numbers/${encodeURIComponent(number)}/history?at=noon`),
    ],
  ];

  it.each(cases)('%s: %d %s, and nothing has changed', async (_what, status, code, call) => {
    const before = await ledger();
    expectProblem(await call(), status, code);
    expect(await ledger()).toEqual(before);
  });

  describe('who asks', () => {
    const anywhere = numberPath('+93790000001', 'reserve');
    const token = (claims: Parameters<Door['issuer']['token']>[0]) => door.issuer.token(claims);

    it('is told 401 before anything about the number, the path or the body', async () => {
      const nobody = door.as(undefined);
      for (const call of [
        () => nobody.post(anywhere, {}),
        () => nobody.post(numberPath('+93799999999', 'reserve'), {}),
        () => nobody.post(numberPath('no # identifier', 'reserve'), {}),
        () => nobody.post(`/v1/numbers/${LONG}/reserve`, {}),
        () => nobody.post(anywhere, '{"x":', json),
        () => nobody.post(`${ADMIN}/identifiers`, {}),
      ]) {
        const answer = await call();
        expectProblem(answer, 401, 'UNAUTHENTICATED');
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
      }
      expectProblem(await nobody.get('/v1/nowhere'), 404, 'NOT_FOUND');
      expectProblem(await nobody.get(anywhere), 404, 'NOT_FOUND');
    });

    it('is 401 with a token that is malformed, forged, expired or another issuer’s', async () => {
      const good = await token({ tenant: 'acme' });
      const [header, payload, signature = ''] = good.split('.');
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      const bytes = Buffer.from(signature, 'base64url');
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      for (const bad of [
        'x',
        'x.y.z',
        `${none}.${payload}.`,
        `${header}.${payload}.${bytes.toString('base64url')}`,
        `${good}x`,
        await token({ tenant: 'acme', expiresIn: '-1m' }),
        await token({ tenant: 'acme', issuer: 'http://somebody.else' }),
      ]) {
        expectProblem(await door.as(bad).post(anywhere, {}), 401, 'UNAUTHENTICATED');
      }
      const basic = { headers: { authorization: 'Basic YTpi' } };
      expectProblem(await door.as(undefined).post(anywhere, {}, basic), 401, 'UNAUTHENTICATED');
    });

    it('is 403 on an admin path without its scope, before the body is looked at', async () => {
      const id = encodeURIComponent(number);
      for (const call of [
        () => tenant.post(`${ADMIN}/identifiers`, '{"x":', json),
        () => tenant.post(`${ADMIN}/blocks/import`, {}),
        () => tenant.get(`${ADMIN}/audit`),
        () => tenant.get(`/v1/admin/numbers/${id}/history`),
        () => tenant.post(`/v1/admin/numbers/no%23id/suspend`, { x: 1 }),
        () => tenant.put(`${ADMIN}/tenants/acme/quotas`, {}),
      ]) {
        expectProblem(await call(), 403, 'FORBIDDEN');
      }
      const admin = door.as(await token({ sub: 'a', scope: 'numbering:admin' }));
      expectProblem(
        await admin.post(`/v1/admin/numbers/${id}/quarantine/release`, {}),
        403,
        'FORBIDDEN',
      );
    });

    it('is 403 with a token that may only read, or not even that', async () => {
      const reader = await door.tenant('acme', 'numbering:read');
      expectProblem(await reader.post(numberPath(number, 'reserve'), {}), 403, 'FORBIDDEN');
      expectProblem(
        await reader.post(numberPath('+93799999999', 'reserve'), {}),
        404,
        'UNKNOWN_IDENTIFIER',
      );
      const validator = await door.tenant('acme', 'numbering:validate');
      expectProblem(await validator.get(numberPath(number)), 403, 'FORBIDDEN');
      const tenantless = door.as(await token({ sub: 'ops', scope: 'numbering:write' }));
      expectProblem(await tenantless.post(numberPath(number, 'reserve')), 403, 'TENANT_MISMATCH');
      expectProblem(await tenantless.get('/v1/numbers'), 403, 'TENANT_MISMATCH');
    });
  });

  it('lists every fault of a body by its field', async () => {
    const { body } = await lease({ tenantId: 5, autoRenew: 'no', extra: 1 })();
    const faults = body['errors'] as { field: string; code: string }[];
    expect(Object.fromEntries(faults.map(({ field, code }) => [field, code]))).toEqual({
      tenantId: 'IS_TEXT',
      term: 'REQUIRED',
      autoRenew: 'IS_BOOLEAN',
      extra: 'UNKNOWN_MEMBER',
    });
  });

  it('takes every writing of one number', async () => {
    const bare = number.slice(1);
    for (const written of [`%2B${bare}`, `+${bare}`, bare, `%20${bare}`]) {
      const { body } = await tenant.get(`/v1/numbers/${written}`);
      expect(body['identifier']).toBe(number);
    }
  });

  it('answers what is no HTTP with a problem', async () => {
    const { port } = new URL(door.url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = createConnection(Number(port), '127.0.0.1', () =>
        socket.write('nonsense\r\n\r\n'),
      );
      let heard = '';
      socket.on('data', (bytes) => (heard += bytes.toString()));
      socket.on('close', () => resolve(heard)).on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('application/problem+json');
    expect(text).toContain('"code":"MALFORMED"');
  });

  describe('X-Request-Id', () => {
    it('is taken, answered, and stands in the audit row', async () => {
      const [mine = ''] = await door.numbers(1);
      const headers = { 'x-request-id': 'req-of-the-portal-1' };
      const answer = await tenant.post(numberPath(mine, 'reserve'), {}, { headers });
      expect(answer.status).toBe(201);
      expect(answer.headers.get('x-request-id')).toBe('req-of-the-portal-1');
      const rows = await door.sql(
        'SELECT request_id FROM numbering.audit_log WHERE identifier = $1',
        [mine],
      );
      expect(rows).toEqual([{ request_id: 'req-of-the-portal-1' }]);
    });

    it('is made where there is none, or one that is not fit for a header', async () => {
      const uuid = /^[0-9a-f]{8}-/;
      expect((await tenant.get(numberPath(number))).headers.get('x-request-id')).toMatch(uuid);
      const headers = { 'x-request-id': 'x'.repeat(500) };
      const answer = await tenant.get(numberPath(number), { headers });
      expect(answer.headers.get('x-request-id')).toMatch(uuid);
    });
  });
});
