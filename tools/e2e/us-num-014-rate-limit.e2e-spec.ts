import { randomUUID } from 'node:crypto';
import {
  eventually,
  freePort,
  mintToken,
  RestCaller,
  Suite,
  type Answer,
} from '@numbering/testing';
import { AppProcess } from './app-process.fixture';
import { openOwnStack, type OwnStack } from './own-stack.fixture';

const AVAILABLE = '/v1/numbers/available?limit=1';
const LIMIT = 60;

const leftOf = ({ headers }: Answer) =>
  Number(/;r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1]);
const statuses = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status);

describe('US-NUM-014 60 calls of a tenant in a minute', () => {
  const suite = new Suite();
  let second: AppProcess;
  beforeAll(async () => {
    const { services } = suite.stack;
    second = new AppProcess('inventory-api', await freePort(), {
      DATABASE_URL: services.postgres.url,
      REDIS_URL: services.redis.url,
      JWKS_URL: `${services.identity.url}/.well-known/jwks.json`,
      JWT_ISSUER: 'http://numbering.local/identity',
      JWT_AUDIENCE: 'numbering',
      CURSOR_SECRET: randomUUID(),
    });
    await second.start();
  });
  afterAll(async () => {
    await second.kill();
    await suite.close();
  });

  it('are 60 over both replicas and all its tokens, asked at once', async () => {
    const id = `t-${randomUUID()}`;
    const [reader, writer] = await Promise.all([
      mintToken({ tenant: id, sub: 'one', scope: 'numbering:read' }),
      mintToken({ tenant: id, sub: 'two', scope: 'numbering:read numbering:write' }),
    ]);
    const doors = [suite.caller(reader), new RestCaller(second.url, writer)];
    const answers = await Promise.all(
      Array.from({ length: 2 * LIMIT }, (_, nth) => (doors[nth % 2] as RestCaller).get(AVAILABLE)),
    );
    const listed = statuses(answers, 200);
    expect(listed.map(leftOf).toSorted((a, b) => b - a)).toEqual(
      Array.from({ length: LIMIT }, (_, nth) => LIMIT - 1 - nth),
    );
    const refused = statuses(answers, 429);
    expect(refused).toHaveLength(LIMIT);
    for (const { headers, body } of refused) {
      expect(body['code']).toBe('RATE_LIMITED');
      expect(headers.get('ratelimit-policy')).toBe(`"browse";q=${LIMIT};w=60`);
      expect(headers.get('ratelimit')).toMatch(/^"browse";r=0;t=[1-9]\d?$/);
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
    // Everything else has a limit of its own, and so has everybody else.
    const own = await (doors[0] as RestCaller).get('/v1/quotas');
    expect(own.headers.get('ratelimit')).toMatch(/^"tenant";r=5999;t=\d+$/);
    expect((await (await suite.tenant()).api.get(AVAILABLE)).status).toBe(200);
    expect((await suite.admin.get(AVAILABLE)).headers.get('ratelimit')).toBeNull();
  });
});

describe('US-NUM-014 rate limits without Redis', () => {
  let stack: OwnStack;
  beforeAll(async () => {
    stack = await openOwnStack({ validators: 0 });
  });
  afterAll(() => stack.close());

  const tenant = async () => {
    const token = await mintToken({ tenant: randomUUID(), sub: 'u', scope: 'numbering:read' });
    return new RestCaller(stack.api.url, token);
  };
  const isAlone = async () => {
    const text = await (await fetch(`${stack.api.url}/metrics`)).text();
    return /^num_rate_limits_local(?:\{[^}]*\})? 1$/m.test(text);
  };
  const many = (api: RestCaller) =>
    Promise.all(Array.from({ length: LIMIT + 5 }, () => api.get(AVAILABLE)));

  it.each(['frozen', 'killed'])('are kept by each replica while it is %s', async (trouble) => {
    expect(statuses(await many(await tenant()), 200)).toHaveLength(LIMIT);
    expect(await isAlone()).toBe(false);
    if (trouble === 'frozen') process.kill(stack.redis.pid, 'SIGSTOP');
    else await stack.redis.kill();
    try {
      const answers = await many(await tenant());
      expect([statuses(answers, 200).length, statuses(answers, 429).length]).toEqual([LIMIT, 5]);
      expect(await isAlone()).toBe(true);
    } finally {
      if (trouble === 'frozen') process.kill(stack.redis.pid, 'SIGCONT');
      else await stack.redis.start();
    }
    await eventually(async () => {
      expect((await (await tenant()).get(AVAILABLE)).status).toBe(200);
      expect(await isAlone()).toBe(false);
    });
  });
});
