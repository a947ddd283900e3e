import { eventually, Suite, TopicTap } from '@numbering/testing';

const TOPICS = [
  'numbering.reservation.held',
  'numbering.lease.created',
  'numbering.lease.recalled',
  'numbering.identifier.quarantined',
  'numbering.identifier.released',
];

describe('US-NUM-004 recall an identifier', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  beforeAll(() => tap.open(suite.stack.services.kafka.brokers, TOPICS));
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  it('ends the lease, cools the number down, frees it when that is over, and tells who held it then', async () => {
    const tenant = await suite.tenant();
    const [number = ''] = await suite.numbers();
    const encoded = encodeURIComponent(number);
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    const { leaseId } = await suite.expect(201, tenant.api.on(number, 'lease', terms));
    const [{ at } = { at: new Date() }] = await suite.sql<{ at: Date }>(
      'SELECT clock_timestamp() AS at',
    );
    const ask = { reason: 'ABUSE', actorId: suite.adminSub };
    const ticketless = await suite.admin.on(number, 'recall', ask);
    expect([ticketless.status, ticketless.body.code]).toEqual([422, 'TICKET_REQUIRED']);
    const recalled = await suite.expect(
      200,
      suite.admin.on(number, 'recall', { ...ask, ticketId: 'T-4' }),
    );
    expect(recalled).toMatchObject({ leaseId, leaseState: 'RECALLED', state: 'QUARANTINE' });
    const again = await tenant.api.on(number, 'reserve');
    expect([again.status, again.body.code]).toEqual([409, 'QUARANTINE_ACTIVE']);
    expect(again.body.availableAt).toBe(recalled.availableAt);
    await suite.sql(
      `UPDATE numbering.identifiers SET available_at = clock_timestamp() WHERE identifier = $1`,
      [number],
    );
    await eventually(async () => {
      const shown = await suite.expect(200, suite.admin.get(`/v1/numbers/${encoded}`));
      expect(shown.state).toBe('AVAILABLE');
    });
    const then = await suite.expect(
      200,
      suite.admin.get(
        `/v1/admin/numbers/${encoded}/history?at=${encodeURIComponent(at.toISOString())}`,
      ),
    );
    expect(then).toMatchObject({
      identifier: number,
      state: 'LEASED',
      tenantId: tenant.id,
      leaseId,
    });
    const events = await tap.of(number, 4);
    const inOrder = [...events].sort(
      (a, b) => (a.data.identifierVersion ?? 0) - (b.data.identifierVersion ?? 0),
    );
    expect(inOrder.map(({ topic, data }) => [topic, data.identifierVersion])).toEqual([
      ['numbering.reservation.held', 2],
      ['numbering.lease.created', 3],
      ['numbering.lease.recalled', 4],
      ['numbering.identifier.quarantined', 5],
    ]);
  });

  it('lets a tenant recall its own lease and nobody else’s', async () => {
    const [mine, theirs] = [await suite.tenant(), await suite.tenant()];
    const [number = ''] = await suite.numbers();
    await suite.expect(201, mine.api.on(number, 'reserve'));
    const terms = { tenantId: mine.id, term: '30d', autoRenew: false };
    await suite.expect(201, mine.api.on(number, 'lease', terms));
    const foreign = await theirs.api.on(number, 'recall', {
      reason: 'TENANT_REQUEST',
      actorId: theirs.sub,
    });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'NOT_OWNER']);
    const liar = await mine.api.on(number, 'recall', {
      reason: 'TENANT_REQUEST',
      actorId: 'somebody',
    });
    expect([liar.status, liar.body.code]).toEqual([403, 'ACTOR_MISMATCH']);
    await suite.expect(
      200,
      mine.api.on(number, 'recall', { reason: 'TENANT_REQUEST', actorId: mine.sub }),
    );
  });
});
