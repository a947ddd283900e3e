import { Suite, TopicTap } from '@numbering/testing';

describe('US-NUM-009 release a reservation or hold', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  beforeAll(() => tap.open(suite.stack.services.kafka.brokers, ['numbering.reservation.released']));
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  it('gives it back to the pool at once, with one event', async () => {
    const [mine, theirs] = [await suite.tenant(), await suite.tenant()];
    const [number = ''] = await suite.numbers();
    const { leaseId } = await suite.expect(201, mine.api.on(number, 'reserve'));
    const foreign = await theirs.api.on(number, 'release');
    expect([foreign.status, foreign.body.code]).toEqual([403, 'NOT_OWNER']);
    const released = await suite.expect(200, mine.api.on(number, 'release'));
    expect(released).toEqual({ leaseId, identifier: number, state: 'AVAILABLE' });
    await suite.expect(201, theirs.api.on(number, 'reserve'));
    const [event] = await tap.of(number, 1);
    expect(event?.data).toMatchObject({ reason: 'TENANT_RELEASE', tenantId: mine.id, leaseId });
  });

  it('sends a lease to recall', async () => {
    const tenant = await suite.tenant();
    const [number = ''] = await suite.numbers();
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    const refused = await tenant.api.on(number, 'release');
    expect([refused.status, refused.body.code]).toEqual([409, 'USE_RECALL_FOR_LEASES']);
  });
});
