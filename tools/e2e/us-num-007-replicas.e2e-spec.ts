import { randomBytes, randomUUID } from 'node:crypto';
import { freePort, RestCaller, Suite, type Answer } from '@numbering/testing';
import { AppProcess } from './app-process.fixture';

const BULK = '/v1/numbers/reservations';
const CALLERS = 200;
const TENANTS = 20;
const ROUNDS = 5;
const RESERVATIONS = 7;

describe('US-NUM-007 two inventory-apis beside each other', () => {
  const suite = new Suite();
  let second: AppProcess;
  /** Calls go to one and the other in turn. */
  let doors: [RestCaller, RestCaller];
  beforeAll(async () => {
    const { services, tokens } = suite.stack;
    second = new AppProcess('inventory-api', await freePort(), {
      DATABASE_URL: services.postgres.url,
      REDIS_URL: services.redis.url,
      JWKS_URL: `${services.identity.url}/.well-known/jwks.json`,
      JWT_ISSUER: 'http://numbering.local/identity',
      JWT_AUDIENCE: 'numbering',
      CURSOR_SECRET: randomUUID(),
    });
    await second.start();
    doors = [suite.admin, new RestCaller(second.url, tokens.admin)];
  });
  afterAll(async () => {
    await second.kill();
    await suite.close();
  });

  const newTenant = () => `t-${randomBytes(5).toString('hex')}`;
  const inTurn = (count: number, call: (door: RestCaller, nth: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_, nth) => call(doors[nth % 2] as RestCaller, nth)));
  const claimsOf = (column: 'identifier' | 'tenant_id', value: string) =>
    suite.sql(`SELECT lease_id FROM numbering.leases WHERE ${column} = $1`, [value]);

  it(`have one winner of ${CALLERS} callers of ${TENANTS} tenants, ${ROUNDS} times`, async () => {
    const ids = Array.from({ length: TENANTS }, newTenant);
    for (const number of await suite.numbers(ROUNDS)) {
      const answers = await inTurn(CALLERS, (door, nth) =>
        door.on(number, 'reserve', { tenantId: ids[Math.floor(nth / 2) % TENANTS] }),
      );
      const won = answers.filter(({ status }) => status === 201);
      const lost = answers.filter(
        ({ status, body }) => status === 409 && body.state === 'RESERVED',
      );
      expect([won.length, lost.length]).toEqual([1, CALLERS - 1]);
      expect(await claimsOf('identifier', number)).toEqual([{ lease_id: won[0]?.body.leaseId }]);
    }
  });

  it('let a tenant have as many reservations as its quota allows, of singles and of many', async () => {
    const tenantId = newTenant();
    const route = `/v1/admin/numbering/tenants/${tenantId}/quotas`;
    const quotas = { maxActiveReservations: RESERVATIONS };
    await suite.expect(200, suite.admin.put(route, quotas));
    const numbers = await suite.numbers(90);
    await inTurn(50, (door, nth) =>
      nth < 30
        ? door.on(numbers[nth] ?? '', 'reserve', { tenantId })
        : door.post(BULK, { tenantId, identifiers: numbers.slice(3 * (nth - 20), 3 * (nth - 19)) }),
    );
    expect(await claimsOf('tenant_id', tenantId)).toHaveLength(RESERVATIONS);
  });

  it('make one claim of fifty calls under one Idempotency-Key', async () => {
    const [number = ''] = await suite.numbers();
    const [tenantId, key] = [newTenant(), { 'idempotency-key': randomUUID() }];
    const answers = await inTurn(50, (door) => door.on(number, 'reserve', { tenantId }, key));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ body }) => body.leaseId)).size).toBe(1);
    for (const { status, body } of answers.filter((answer) => !made.includes(answer)))
      expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    expect(await claimsOf('identifier', number)).toHaveLength(1);
  });

  it('give overlapping calls for many in opposite orders each number once, without waiting for ever', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const numbers = await suite.numbers(10);
      const answers = await inTurn(8, (door, nth) => {
        const identifiers = nth % 4 < 2 ? numbers : numbers.toReversed();
        return door.post(BULK, { tenantId: newTenant(), identifiers });
      });
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      const items = answers.flatMap(
        ({ body }) => body.items as { identifier: string; status: string }[],
      );
      const won = items.filter(({ status }) => status === 'reserved');
      expect(won.map(({ identifier }) => identifier).sort()).toEqual(numbers.toSorted());
      for (const number of numbers) expect(await claimsOf('identifier', number)).toHaveLength(1);
    }
  });
});
