import { randomInt } from 'node:crypto';
import { Suite, type Answer } from '@numbering/testing';

describe('US-NUM-003 lease an identifier', () => {
  const suite = new Suite();
  afterAll(() => suite.close());

  it('turns the own reservation into a lease of the term, and tells nobody else whose it is', async () => {
    const [mine, theirs] = [await suite.tenant(), await suite.tenant()];
    const [number = '', free = ''] = await suite.numbers(2);
    const terms = { tenantId: mine.id, term: 'P1M', autoRenew: true };
    const unreserved = await mine.api.on(free, 'lease', terms);
    expect([unreserved.status, unreserved.body.code]).toEqual([409, 'RESERVATION_REQUIRED']);
    await suite.expect(201, mine.api.on(number, 'reserve'));
    const held = await theirs.api.on(number, 'lease', { ...terms, tenantId: theirs.id });
    expect([held.status, held.body.code, held.body.state]).toEqual([
      409,
      'HELD_BY_OTHER_TENANT',
      'RESERVED',
    ]);
    const foreign = await theirs.api.on(number, 'lease', terms);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    const made = await suite.expect(201, mine.api.on(number, 'lease', terms));
    const [row] = await suite.sql(
      `SELECT effective_until = effective_from + interval '1 month' AS a_month FROM numbering.leases
        WHERE lease_id = $1`,
      [made.leaseId],
    );
    expect(row).toEqual({ a_month: true });
    const taken = await theirs.api.on(number, 'lease', { ...terms, tenantId: theirs.id });
    expect([taken.status, taken.body.code]).toEqual([409, 'ALREADY_LEASED']);
    expect(JSON.stringify([held.body, taken.body])).not.toContain(mine.id);
  });

  it('refuses the lease above the quota, with what is leased and what may be', async () => {
    const tenant = await suite.tenant('business', undefined, { MSISDN: 1 });
    const [one = '', two = ''] = await suite.numbers(2);
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    for (const number of [one, two]) await suite.expect(201, tenant.api.on(number, 'reserve'));
    await suite.expect(201, tenant.api.on(one, 'lease', terms));
    const over = await tenant.api.on(two, 'lease', terms);
    expect(over.status).toBe(403);
    expect(over.body).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      quota: 1,
      current: 1,
      currentCount: 1,
      identifierClass: 'MSISDN',
    });
  });

  it('of 50 leases at once as many as each quota has room for, from reservations and by bypass', async () => {
    const scope = 'numbering:read numbering:write numbering:lease:bypass';
    const quotas = { MSISDN: 7, SHORT_CODE: 3, ALPHA: 2, maxActiveReservations: 50 };
    const tenant = await suite.tenant('enterprise', scope, quotas);
    const register = async (identifiers: string[]) => {
      const body = { identifiers: identifiers.map((identifier) => ({ identifier })) };
      await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', body));
      return identifiers;
    };
    const base = randomInt(1_000_000, 9_000_000);
    const numbers = {
      MSISDN: await suite.numbers(30),
      SHORT_CODE: await register(Array.from({ length: 10 }, (_, i) => `${base + i}`)),
      ALPHA: await register(Array.from({ length: 10 }, (_, i) => `Q${base + i}`)),
    };
    const all = Object.values(numbers).flat();
    // Every other one is the tenant's reservation before; the rest it takes by its permission.
    const identifiers = all.filter((_, i) => i % 2 === 0);
    await suite.expect(200, tenant.api.post('/v1/numbers/reservations', { identifiers }));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    const answers = await Promise.all(all.map((number) => tenant.api.on(number, 'lease', terms)));
    const answerOf = (number: string) => answers[all.indexOf(number)] as Answer;
    for (const [identifierClass, its] of Object.entries(numbers)) {
      const quota = quotas[identifierClass as keyof typeof numbers];
      const refused = its.map(answerOf).filter(({ status }) => status !== 201);
      expect(refused).toHaveLength(its.length - quota);
      const figures = { quota, current: quota, currentCount: quota, identifierClass };
      for (const { status, body } of refused) {
        expect([status, body]).toMatchObject([403, { code: 'QUOTA_EXCEEDED', ...figures }]);
      }
    }
    const counted = await suite.sql(
      `SELECT count(*) FILTER (WHERE i.identifier_class = 'MSISDN')::int AS "MSISDN",
              count(*) FILTER (WHERE i.identifier_class = 'SHORT_CODE')::int AS "SHORT_CODE",
              count(*) FILTER (WHERE i.identifier_class = 'ALPHA')::int AS "ALPHA",
              max(t.leased_msisdn) AS msisdn, max(t.leased_short_code) AS short_code,
              max(t.leased_alpha) AS alpha
         FROM numbering.leases l
         JOIN numbering.identifiers i USING (identifier)
         JOIN numbering.tenants t USING (tenant_id)
        WHERE l.tenant_id = $1 AND l.state = 'LEASED'`,
      [tenant.id],
    );
    const { MSISDN, SHORT_CODE, ALPHA } = quotas;
    const inRow = { msisdn: MSISDN, short_code: SHORT_CODE, alpha: ALPHA };
    expect(counted).toEqual([{ MSISDN, SHORT_CODE, ALPHA, ...inRow }]);
  });
});
