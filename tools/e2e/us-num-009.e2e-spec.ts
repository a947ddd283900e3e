import { randomInt } from 'node:crypto';
import { eventually, Suite, TopicTap, type TestTenant } from '@numbering/testing';
import { Redis } from 'ioredis';

describe('US-NUM-009 release a reservation or hold', () => {
  const suite = new Suite();
  const redis = new Redis(suite.stack.services.redis.url);
  const tap = new TopicTap();
  let tenant: TestTenant;
  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, [
      'numbering.reservation.held',
      'numbering.reservation.released',
    ]);
    tenant = await suite.tenant();
  });
  afterAll(async () => {
    redis.disconnect();
    await tap.close();
    await suite.close();
  });

  it.each(['reserve', 'hold'])(
    'gives back what was put by with %s: the key is gone, the slot is free, the pool has it',
    async (last) => {
      const [number = ''] = await suite.numbers();
      const before = await suite.expect(200, tenant.api.get('/v1/quotas'));
      const { leaseId } = await suite.expect(201, tenant.api.on(number, 'reserve'));
      if (last === 'hold') await suite.expect(200, tenant.api.on(number, 'hold'));
      const released = await suite.expect(200, tenant.api.on(number, 'release'));
      expect(released).toEqual({ leaseId, identifier: number, state: 'AVAILABLE' });
      await eventually(async () => expect(await redis.exists(`num:reserve:${number}`)).toBe(0));
      expect(await suite.expect(200, tenant.api.get('/v1/quotas'))).toEqual(before);
      expect(
        await suite.sql(
          `SELECT i.state AS of_identifier, l.state
             FROM numbering.identifiers i JOIN numbering.leases l USING (identifier)
            WHERE identifier = $1`,
          [number],
        ),
      ).toEqual([{ of_identifier: 'AVAILABLE', state: 'RELEASED' }]);
      const other = await suite.tenant();
      await suite.expect(201, other.api.on(number, 'reserve'));
    },
  );

  it('publishes one event a change, in the order of versions, with an audit row each', async () => {
    const [number = ''] = await suite.numbers();
    const { leaseId } = await suite.expect(201, tenant.api.on(number, 'reserve'));
    await suite.expect(200, tenant.api.on(number, 'hold'));
    await suite.expect(200, tenant.api.on(number, 'release'));
    const identity = { identifier: number, identifierClass: 'MSISDN' };
    const claim = { tenantId: tenant.id, leaseId };
    const events = await tap.of(number, 3);
    // Two topics: their versions are the order to merge by.
    const inOrder = events.map(({ topic, data }) => ({ topic, data }));
    inOrder.sort((a, b) => Number(a.data.identifierVersion) - Number(b.data.identifierVersion));
    const expiresAt = expect.any(String);
    expect(inOrder).toEqual([
      {
        topic: 'numbering.reservation.held',
        data: { ...identity, ...claim, identifierVersion: 2, kind: 'RESERVE', expiresAt },
      },
      {
        topic: 'numbering.reservation.held',
        data: { ...identity, ...claim, identifierVersion: 3, kind: 'HOLD', expiresAt },
      },
      {
        topic: 'numbering.reservation.released',
        data: { ...identity, ...claim, identifierVersion: 4, reason: 'TENANT_RELEASE' },
      },
    ]);
    const audits = await suite.sql(
      `SELECT action, from_state, to_state, version, actor, tenant_id, lease_id, reason
         FROM numbering.audit_log WHERE identifier = $1 ORDER BY version`,
      [number],
    );
    const who = { actor: tenant.sub, tenant_id: tenant.id, lease_id: leaseId };
    expect(audits).toEqual([
      {
        action: 'RESERVE',
        from_state: 'AVAILABLE',
        to_state: 'RESERVED',
        version: 2,
        ...who,
        reason: null,
      },
      {
        action: 'HOLD',
        from_state: 'RESERVED',
        to_state: 'HELD',
        version: 3,
        ...who,
        reason: null,
      },
      {
        ...{ action: 'RELEASE', from_state: 'HELD', to_state: 'AVAILABLE', version: 4, ...who },
        reason: 'TENANT_RELEASE',
      },
    ]);
  });

  it('takes back no lease: that is recall’s, and the lease stays as it was', async () => {
    const [number = ''] = await suite.numbers();
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    const before = await belongings();
    const refused = await tenant.api.on(number, 'release');
    expect([refused.status, refused.body.code]).toEqual([409, 'USE_RECALL_FOR_LEASES']);
    expect(await belongings()).toEqual(before);
  });

  it('of an alpha ID’s reservation touches nothing else that the tenant has', async () => {
    const base = randomInt(10_000, 99_999);
    const [leasedAlpha, heldAlpha, released] = [`Lea ${base}`, `Hel ${base}`, `Rel ${base}`];
    const identifiers = [leasedAlpha, heldAlpha, released].map((identifier) => ({ identifier }));
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    const numbers = await suite.numbers(3);
    const [leased = '', held = '', reserved = ''] = numbers;
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: true };
    for (const each of [...numbers, leasedAlpha, heldAlpha, released])
      await suite.expect(201, tenant.api.on(each, 'reserve'));
    for (const each of [leased, leasedAlpha])
      await suite.expect(201, tenant.api.on(each, 'lease', terms));
    for (const each of [held, heldAlpha]) await suite.expect(200, tenant.api.on(each, 'hold'));
    const before = await belongings();
    expect(before.map(({ identifier }) => identifier)).toEqual(
      expect.arrayContaining([leased, leasedAlpha, held, heldAlpha, reserved, released]),
    );
    await suite.expect(200, tenant.api.on(released, 'release'));
    expect(await belongings()).toEqual(before.filter(({ identifier }) => identifier !== released));
    const counted = await suite.sql(
      `SELECT leased_msisdn >= 1 AS msisdn, leased_alpha >= 1 AS alpha
         FROM numbering.tenants WHERE tenant_id = $1`,
      [tenant.id],
    );
    expect(counted).toEqual([{ msisdn: true, alpha: true }]);
  });

  /** Everything that the tenant occupies, rows of both tables whole. */
  const belongings = () =>
    suite.sql<{ identifier: string }>(
      `SELECT i.*, to_jsonb(l) AS claim
         FROM numbering.leases l JOIN numbering.identifiers i USING (identifier)
        WHERE l.tenant_id = $1
          AND l.state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')
        ORDER BY identifier`,
      [tenant.id],
    );
});
