import { Suite } from '@numbering/testing';

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
});
