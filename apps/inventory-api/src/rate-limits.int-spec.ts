import { numberPath, openDoor, type Answer, type Calls, type Door } from './testing/door';

const AVAILABLE = '/v1/numbers/available';
const BROWSE_LIMIT = 5;
const OTHER_LIMIT = 40;

describe('rate limits of tenants (ruling 41)', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor({
      RATE_LIMIT_PER_MINUTE: `${BROWSE_LIMIT}`,
      RATE_LIMIT_OTHER_PER_MINUTE: `${OTHER_LIMIT}`,
    });
  });
  afterAll(() => door.close());

  const limitOf = ({ headers }: Answer) => {
    const [, name, left, seconds] =
      /^"(\w+)";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
    return { name, left: Number(left), seconds: Number(seconds) };
  };
  const policyOf = ({ headers }: Answer) => headers.get('ratelimit-policy');

  it('browsing has one of its own, for all tokens of a tenant', async () => {
    const tokens = [await door.tenant('browsing'), await door.tenant('browsing', 'numbering:read')];
    for (let nth = 1; nth <= BROWSE_LIMIT; nth++) {
      const answer = await (tokens[nth % 2] as Calls).get(AVAILABLE);
      expect(answer.status).toBe(200);
      expect(policyOf(answer)).toBe(`"browse";q=${BROWSE_LIMIT};w=60`);
      expect(limitOf(answer)).toMatchObject({ name: 'browse', left: BROWSE_LIMIT - nth });
      expect(limitOf(answer).seconds).toBeGreaterThan(0);
      expect(limitOf(answer).seconds).toBeLessThanOrEqual(60);
    }
    for (const calls of tokens) {
      const refused = await calls.get(AVAILABLE);
      expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
      expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(limitOf(refused)).toMatchObject({ name: 'browse', left: 0 });
      const retryAfter = Number(refused.headers.get('retry-after'));
      expect(retryAfter).toBe(limitOf(refused).seconds);
      expect(retryAfter).toBeGreaterThanOrEqual(1);
      expect(await calls.get('/v1/quotas')).toMatchObject({ status: 200 });
    }
    expect((await (await door.tenant('another')).get(AVAILABLE)).status).toBe(200);
  });

  it('every answer to a tenant counts and says so, whatever it is', async () => {
    const tenant = await door.tenant('erring');
    const [number = ''] = await door.numbers(1);
    const json = { 'content-type': 'application/json' };
    const answers: [wanted: number, limit: string, call: () => Promise<Answer>][] = [
      [200, 'tenant', () => tenant.get('/v1/numbers')],
      [201, 'tenant', () => tenant.post(numberPath(number, 'reserve'), {})],
      [409, 'tenant', () => tenant.post(numberPath(number, 'reserve'), {})],
      [404, 'tenant', () => tenant.get(numberPath('+93799999999'))],
      [404, 'tenant', () => tenant.get('/v1/nothing')],
      [404, 'tenant', () => tenant.put('/v1/numbers', {})],
      [403, 'tenant', () => tenant.get('/v1/admin/numbering/prices')],
      [403, 'tenant', () => tenant.get('/v1/quotas?tenantId=other')],
      [422, 'tenant', () => tenant.get(numberPath('12'))],
      [422, 'tenant', () => tenant.get(numberPath('x'.repeat(400)))],
      [400, 'tenant', () => tenant.get('/v1/numbers/%zz')],
      [400, 'tenant', () => tenant.get('/v1/numbers?page=x')],
      [400, 'tenant', () => tenant.post(numberPath(number, 'hold'), '{', { headers: json })],
      [
        413,
        'tenant',
        () => tenant.post(numberPath(number, 'hold'), 'x'.repeat(2 ** 21), { headers: json }),
      ],
      [415, 'tenant', () => tenant.post(numberPath(number, 'hold'), 'x')],
      [422, 'browse', () => tenant.get(`${AVAILABLE}?limit=0`)],
      [400, 'browse', () => tenant.get(`${AVAILABLE}?page=x`)],
    ];
    const used: Record<string, number> = { tenant: 0, browse: 0 };
    const limits: Record<string, number> = { tenant: OTHER_LIMIT, browse: BROWSE_LIMIT };
    for (const [wanted, limit, call] of answers) {
      const answer = await call();
      used[limit] = (used[limit] ?? 0) + 1;
      const { name, left } = limitOf(answer);
      expect([wanted, limit, (limits[limit] ?? 0) - (used[limit] ?? 0)]).toEqual([
        answer.status,
        name,
        left,
      ]);
    }
  });

  it('the other limit refuses a change before it is one, and keeps nothing under its key', async () => {
    const tenant = await door.tenant('changing');
    const [number = ''] = await door.numbers(1);
    for (let nth = 0; nth < OTHER_LIMIT; nth++) await tenant.get('/v1/quotas');
    const headers = { 'idempotency-key': 'too-often' };
    const refused = await tenant.post(numberPath(number, 'reserve'), {}, { headers });
    expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(policyOf(refused)).toBe(`"tenant";q=${OTHER_LIMIT};w=60`);
    expect((await tenant.get('/v1/nothing')).status).toBe(429);
    expect((await tenant.get('/v1/numbers/%zz')).status).toBe(429);
    const kept = await door.sql(
      `SELECT (SELECT count(*)::integer FROM numbering.idempotency_keys WHERE key = 'too-often') AS keys,
              (SELECT state FROM numbering.identifiers WHERE identifier = $1) AS state`,
      [number],
    );
    expect(kept).toEqual([{ keys: 0, state: 'AVAILABLE' }]);
    expect((await tenant.get(AVAILABLE)).status).toBe(200);
  });

  it('neither admins nor strangers have one', async () => {
    const officer = await door.tenant('officer', 'numbering:read numbering:admin');
    for (const calls of [door.admin, officer]) {
      for (let nth = 0; nth <= BROWSE_LIMIT; nth++) {
        const answer = await calls.get(AVAILABLE);
        expect([answer.status, policyOf(answer)]).toEqual([200, null]);
      }
    }
    for (const path of [AVAILABLE, '/v1/nothing', '/v1/numbers/%zz']) {
      for (const token of [undefined, 'no-token']) {
        const answer = await door.as(token).get(path);
        expect([answer.status >= 400, policyOf(answer)]).toEqual([true, null]);
      }
    }
  });

  it('what was refused is counted', async () => {
    const { text } = await door.as(undefined).get('/metrics');
    expect(text).toMatch(/^num_rate_limited_total\{limit="browse"[^}]*\} [1-9]/m);
    expect(text).toMatch(/^num_rate_limited_total\{limit="tenant"[^}]*\} [1-9]/m);
    expect(text).toMatch(/^num_rate_limits_local(?:\{[^}]*\})? 0$/m);
  });
});
