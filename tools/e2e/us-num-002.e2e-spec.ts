import { eventually, Suite, ValidatorClient, type TestTenant } from '@numbering/testing';

describe('US-NUM-002 may this tenant send as this identifier', () => {
  const suite = new Suite();
  const [replica] = suite.stack.apps['lease-validator'];
  const validator = new ValidatorClient(replica?.grpc ?? '', suite.stack.tokens.validator);
  afterAll(async () => {
    validator.close();
    await suite.close();
  });

  const within1s = (number: string, tenant: TestTenant, reason: string) =>
    eventually(async () => expect((await validator.ask(number, tenant.id)).reason).toBe(reason), {
      withinMs: 1_000,
    });

  it('follows every change of the number within a second', async () => {
    const [mine, theirs] = [await suite.tenant(), await suite.tenant()];
    const [number = ''] = await suite.numbers();
    await within1s(number, mine, 'NOT_LEASED');
    await suite.expect(201, mine.api.on(number, 'reserve'));
    await within1s(number, theirs, 'WRONG_TENANT');
    const terms = { tenantId: mine.id, term: '30d', autoRenew: false };
    const { leaseId } = await suite.expect(201, mine.api.on(number, 'lease', terms));
    await within1s(number, mine, '');
    expect(await validator.ask(number, mine.id)).toMatchObject({ valid: true, leaseId });
    expect(await validator.ask(number, theirs.id)).toMatchObject({ valid: false, leaseId: '' });
    const suspend = `/v1/admin/numbers/${encodeURIComponent(number)}/suspend`;
    await suite.expect(200, suite.admin.post(suspend, { reason: 'under review' }));
    await within1s(number, mine, 'LEASE_SUSPENDED');
    const ask = { reason: 'TENANT_REQUEST', actorId: mine.sub };
    await suite.expect(200, mine.api.on(number, 'recall', ask));
    await within1s(number, mine, 'LEASE_RECALLED');
    await within1s(number, theirs, 'LEASE_RECALLED');
  });

  it('says LEASE_SUSPENDED for a suspended tenant at once, and NOT_REGISTERED until a number is known', async () => {
    const tenant = await suite.tenant();
    const [number = ''] = await suite.numbers();
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    await within1s(number, tenant, '');
    const route = `/v1/admin/numbering/tenants/${tenant.id}`;
    const why = { ticketId: 'T-7', reason: 'fraud', cascade: false };
    await suite.expect(200, suite.admin.post(`${route}/suspend`, why));
    await within1s(number, tenant, 'LEASE_SUSPENDED');
    await suite.expect(200, suite.admin.post(`${route}/reinstate`));
    await within1s(number, tenant, '');
  });
});
