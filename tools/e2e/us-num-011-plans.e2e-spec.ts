import { randomUUID } from 'node:crypto';
import { eventually, TopicTap } from '@numbering/testing';
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { DeadLetters } from './dead-letters.fixture';
import { TenantScene } from './tenant-scene.fixture';

const PLAN = 'billing.plan.changed';
const CHANGED = 'numbering.quota.changed';
/** What the story promises. */
const PROMISED_MS = 60_000;
const HOUR_MS = 3_600_000;
const PATIENCE = { withinMs: 30_000 };

describe('US-NUM-011 plans that billing changes', () => {
  const scene = new TenantScene();
  const { suite } = scene;
  const tap = new TopicTap();
  const dead = new DeadLetters();
  let billing: Producer;
  beforeAll(async () => {
    const { brokers } = suite.stack.services.kafka;
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    billing = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await billing.connect();
    await tap.open(brokers, [CHANGED]);
    await dead.open(brokers, `${PLAN}.dlq`);
  });
  afterAll(async () => {
    await dead.close();
    await tap.close();
    await billing.disconnect();
    await suite.close();
  });

  const send = async (key: string, value: Buffer | object) => {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const [at] = await billing.send({ topic: PLAN, messages: [{ key, value: bytes }] });
    return { partition: String(at?.partition), offset: String(at?.baseOffset) };
  };
  const cloudEvent = (data: object, more: object = {}) => ({
    ...{ specversion: '1.0', id: randomUUID(), source: '/billing', type: PLAN },
    ...{ time: new Date().toISOString(), data, ...more },
  });
  const planOf = async (tenantId: string) => {
    const path = `/v1/quotas?tenantId=${tenantId}`;
    const { plan } = await suite.expect(200, suite.admin.get(path));
    return plan;
  };
  const hasPlan = (tenantId: string, plan: string) =>
    eventually(async () => expect(await planOf(tenantId)).toBe(plan), PATIENCE);
  /** All that was sent under the key before has been read once this has its effect: a key is one partition. */
  const allRead = async (key: string) => {
    const marker = scene.newId();
    await send(key, { tenantId: marker, plan: 'business' });
    await hasPlan(marker, 'business');
  };
  const changesOf = (tenantId: string) =>
    suite.sql<{ actor: string; before: string; after: string }>(
      `SELECT actor, detail -> 'before' ->> 'plan' AS before, detail -> 'after' ->> 'plan' AS after
         FROM numbering.audit_log
        WHERE tenant_id = $1 AND action = 'TENANT_CHANGE' ORDER BY audit_id`,
      [tenantId],
    );

  it.each([
    ['plain JSON', (data: object) => data],
    ['CloudEvents', cloudEvent],
  ])('count at once, told as %s: the next lease goes through', async (_, as) => {
    const tenant = await scene.tenant(undefined, 'starter');
    const [one = '', two = ''] = await scene.identifiers('SHORT_CODE', 2);
    await suite.expect(201, scene.lease(tenant, one));
    const over = await scene.lease(tenant, two);
    expect([over.status, over.body.quota]).toEqual([403, 1]);
    const sentAt = performance.now();
    await send(tenant.id, as({ tenantId: tenant.id, plan: 'business' }));
    await eventually(async () => suite.expect(201, scene.lease(tenant, two)), PATIENCE);
    expect(performance.now() - sentAt).toBeLessThan(PROMISED_MS);
    expect((await scene.shown(tenant)).SHORT_CODE).toEqual([5, 2, 3]);
    const [first, second] = await tap.of(tenant.id, 1);
    expect(second).toBeUndefined();
    expect(first).toMatchObject({ topic: CHANGED, type: CHANGED });
    expect(first?.data).toEqual({
      ...{ tenantId: tenant.id, plan: 'business', changedBy: 'system:billing' },
      effective: {
        ...{ MSISDN: 100, SHORT_CODE: 5, ALPHA: 10 },
        ...{ maxActiveReservations: 50, maxHolds: 25 },
      },
    });
    expect((await changesOf(tenant.id)).at(-1)).toEqual({
      ...{ actor: 'system:billing', before: 'starter', after: 'business' },
    });
  });

  it('leave a tenant its own quotas, and reach one that nobody told of yet', async () => {
    const tenant = await scene.tenant({ MSISDN: 3 }, 'starter');
    await send(tenant.id, { tenantId: tenant.id, plan: 'premium' });
    await hasPlan(tenant.id, 'premium');
    const { MSISDN, ALPHA } = await scene.shown(tenant);
    expect([MSISDN[0], ALPHA[0]]).toEqual([3, 50]);
    const unknown = scene.newId();
    await send(unknown, { tenantId: unknown, plan: 'enterprise' });
    await hasPlan(unknown, 'enterprise');
  });

  it('that came before count once, whatever names them: id, eventId or their place', async () => {
    const tenantId = scene.newId();
    const [id, eventId] = [randomUUID(), randomUUID()];
    const upgrade = { tenantId, plan: 'premium' };
    const events = [
      cloudEvent(upgrade, { id }),
      { ...upgrade, id },
      { ...upgrade, eventId },
      { ...upgrade, eventId },
    ];
    await send(tenantId, events[0] ?? {});
    await hasPlan(tenantId, 'premium');
    await send(tenantId, events[2] ?? {});
    await send(tenantId, { tenantId, plan: 'business' });
    await hasPlan(tenantId, 'business');
    for (const event of events) await send(tenantId, event);
    await allRead(tenantId);
    expect(await planOf(tenantId)).toBe('business');
    expect(await changesOf(tenantId)).toHaveLength(3);
    const told = await tap.of(tenantId, 2);
    expect(told.map(({ data }) => data.plan)).toEqual(['premium', 'business']);
  });

  it('older than what was said last change nothing, by billing’s time or an admin’s', async () => {
    const [tenantId, byAdmin] = [scene.newId(), scene.newId()];
    const ago = (ms: number) => ({ time: new Date(Date.now() - ms).toISOString() });
    await send(tenantId, cloudEvent({ tenantId, plan: 'premium' }, ago(HOUR_MS)));
    await hasPlan(tenantId, 'premium');
    await send(tenantId, cloudEvent({ tenantId, plan: 'starter' }, ago(2 * HOUR_MS)));
    await scene.setPlan(byAdmin, 'enterprise');
    await send(tenantId, { tenantId: byAdmin, plan: 'starter', ...ago(HOUR_MS) });
    await allRead(tenantId);
    expect([await planOf(tenantId), await planOf(byAdmin)]).toEqual(['premium', 'enterprise']);
    expect(await changesOf(tenantId)).toHaveLength(1);
    expect(await tap.of(tenantId, 1)).toHaveLength(1);
  });

  it('that cannot be read are set aside as they came, and keep nobody up', async () => {
    const tenant = await scene.tenant(undefined, 'business');
    const { id } = tenant;
    const broken = [
      Buffer.from(JSON.stringify({ tenantId: id, plan: 'gold' })),
      Buffer.from(JSON.stringify({ tenantId: id, plan: null })),
      Buffer.from(JSON.stringify({ plan: 'starter' })),
      Buffer.from(JSON.stringify(cloudEvent({ tenantId: id, plan: 'Starter' }))),
      Buffer.from(JSON.stringify({ tenantId: id, plan: 'starter', time: 'yesterday' })),
      Buffer.from(`[{"tenantId":"${id}","plan":"starter"}]`),
      Buffer.from(`{"tenantId":"${id}","plan":"starter"`),
      Buffer.from([0x7b, 0x22, 0xff, 0x00, 0x80, 0x7d]),
      Buffer.alloc(0),
    ];
    const places: string[] = [];
    for (const bytes of broken) {
      const { partition, offset } = await send(id, bytes);
      places.push(`${PLAN}:${partition}:${offset}`);
    }
    await allRead(id);
    expect(await planOf(id)).toBe('business');
    expect(await changesOf(id)).toHaveLength(1);
    const letters = await eventually(
      () => {
        expect(dead.of(id)).toHaveLength(broken.length);
        return dead.of(id);
      },
      { withinMs: 20_000 },
    );
    expect(
      letters.map(({ headers: { topic, partition, offset } }) => `${topic}:${partition}:${offset}`),
    ).toEqual(places);
    letters.forEach(({ value, headers }, i) => {
      expect(value.equals(broken[i] ?? Buffer.from('?'))).toBe(true);
      expect(headers.reason).toMatch(/\w/);
    });
    expect(letters[0]?.headers.reason).toMatch(/plan/);
  });

  it('smaller than what is leased take nothing back, and let nothing new begin', async () => {
    const tenant = await scene.tenant(undefined, 'business');
    const codes = await scene.identifiers('SHORT_CODE', 4);
    const [next = '', ...held] = codes;
    for (const code of held) await suite.expect(201, scene.lease(tenant, code));
    await send(tenant.id, { tenantId: tenant.id, plan: 'starter' });
    await hasPlan(tenant.id, 'starter');
    expect((await scene.shown(tenant)).SHORT_CODE).toEqual([1, 3, 0]);
    expect(await scene.leased(tenant.id, 'SHORT_CODE')).toBe(3);
    const over = await scene.lease(tenant, next);
    expect([over.status, over.body]).toMatchObject([
      403,
      { code: 'QUOTA_EXCEEDED', quota: 1, current: 3, currentCount: 3 },
    ]);
  });
});
