import { randomUUID } from 'node:crypto';
import { eventually, freePort, mintToken, RestCaller, TopicTap } from '@numbering/testing';
import { Redis } from 'ioredis';
import { AppProcess } from './app-process.fixture';
import { TenantScene } from './tenant-scene.fixture';

const CHANGED = 'numbering.quota.changed';
const TENANTS = '/v1/admin/numbering/tenants';
const COPY_SECONDS = 300;
const STARTER = { MSISDN: 10, SHORT_CODE: 1, ALPHA: 2, maxActiveReservations: 10, maxHolds: 5 };
const BUSINESS = { MSISDN: 100, SHORT_CODE: 5, ALPHA: 10, maxActiveReservations: 50, maxHolds: 25 };
const NO_OWN = {
  ...{ MSISDN: null, SHORT_CODE: null, ALPHA: null },
  ...{ maxActiveReservations: null, maxHolds: null },
};

describe('US-NUM-011 quotas that admins change', () => {
  const scene = new TenantScene();
  const { suite } = scene;
  const tap = new TopicTap();
  let redis: Redis;
  let other: AppProcess;
  /** The same API by another replica. */
  let otherAdmin: RestCaller;
  beforeAll(async () => {
    const { services, tokens } = suite.stack;
    redis = new Redis(services.redis.url);
    other = new AppProcess('inventory-api', await freePort(), {
      ...{ DATABASE_URL: services.postgres.url, REDIS_URL: services.redis.url },
      JWKS_URL: `${services.identity.url}/.well-known/jwks.json`,
      ...{ JWT_ISSUER: 'http://numbering.local/identity', JWT_AUDIENCE: 'numbering' },
      CURSOR_SECRET: randomUUID(),
    });
    await Promise.all([other.start(), tap.open(services.kafka.brokers, [CHANGED])]);
    otherAdmin = new RestCaller(other.url, tokens.admin);
  });
  afterAll(async () => {
    redis.disconnect();
    await other.kill();
    await tap.close();
    await suite.close();
  });

  const put = (tenantId: string, body: object, by = suite.admin) =>
    suite.expect(200, by.put(`${TENANTS}/${tenantId}/quotas`, body));
  const quotasOf = (tenantId: string, by = suite.admin) =>
    suite.expect(200, by.get(`/v1/quotas?tenantId=${tenantId}`));
  const copyOf = async (tenantId: string) => {
    const text = await redis.get(`num:quota:${tenantId}`);
    return text === null ? null : JSON.parse(text);
  };

  it('are the plan’s where a tenant has none of its own, null or left out', async () => {
    const id = scene.newId();
    expect(await suite.expect(200, suite.admin.get(`${TENANTS}/${id}/quotas`))).toEqual({
      ...NO_OWN,
      ...{ plan: 'starter', effective: STARTER },
    });
    const own = await put(id, { MSISDN: 7, ALPHA: null });
    expect(own).toEqual({
      ...{ ...NO_OWN, MSISDN: 7 },
      ...{ plan: 'starter', effective: { ...STARTER, MSISDN: 7 } },
    });
    await scene.setPlan(id, 'business');
    const effective = { ...BUSINESS, MSISDN: 7 };
    expect(await suite.expect(200, suite.admin.get(`${TENANTS}/${id}/quotas`))).toEqual({
      ...{ ...NO_OWN, MSISDN: 7 },
      ...{ plan: 'business', effective },
    });
    // What is left out is the plan's again.
    expect(await put(id, { maxHolds: 0 })).toMatchObject({
      ...{ MSISDN: null, maxHolds: 0, effective: { ...BUSINESS, maxHolds: 0 } },
    });
  });

  it('are told with what is in force and who changed it, each change once; the same again is none', async () => {
    const id = scene.newId();
    await put(id, { MSISDN: 7 });
    await put(id, { MSISDN: 7 });
    await scene.setPlan(id, 'business');
    await scene.setPlan(id, 'business');
    await put(id, {});
    const told = await tap.of(id, 3);
    const changedBy = suite.adminSub;
    const by = { tenantId: id, changedBy };
    expect(told.map(({ key, type, data }) => [key, type, data])).toEqual([
      [id, CHANGED, { ...by, plan: 'starter', effective: { ...STARTER, MSISDN: 7 } }],
      [id, CHANGED, { ...by, plan: 'business', effective: { ...BUSINESS, MSISDN: 7 } }],
      [id, CHANGED, { ...by, plan: 'business', effective: BUSINESS }],
    ]);
    const audits = await suite.sql<{ action: string; actor: string; detail: object }>(
      `SELECT action, actor, detail FROM numbering.audit_log WHERE tenant_id = $1 ORDER BY audit_id`,
      [id],
    );
    const quotas = (before: object, after: object) => ({
      ...{ action: 'QUOTA_CHANGE', actor: changedBy, detail: { before, after } },
    });
    const plan = (before: string, after: string) => ({
      ...{ action: 'TENANT_CHANGE', actor: changedBy },
      detail: { before: { plan: before }, after: { plan: after } },
    });
    const seven = { ...NO_OWN, MSISDN: 7 };
    expect(audits).toMatchObject([
      ...[quotas(NO_OWN, seven), quotas(seven, seven)],
      ...[plan('starter', 'business'), plan('business', 'business')],
      quotas(seven, NO_OWN),
    ]);
  });

  it('have a copy in Redis for 300 s at most, which another replica’s change renews at once', async () => {
    const tenant = await scene.tenant(undefined, 'starter');
    const { id } = tenant;
    await eventually(async () => {
      await quotasOf(id);
      expect(await copyOf(id)).toMatchObject({ plan: 'starter', own: NO_OWN });
    });
    const ttl = await redis.ttl(`num:quota:${id}`);
    expect([ttl > 0, ttl <= COPY_SECONDS]).toEqual([true, true]);
    const [one = '', two = ''] = await scene.identifiers('SHORT_CODE', 2);
    await suite.expect(201, scene.lease(tenant, one));
    expect((await scene.lease(tenant, two)).body.code).toBe('QUOTA_EXCEEDED');
    await put(id, { SHORT_CODE: 2 }, otherAdmin);
    for (const by of [suite.admin, otherAdmin]) {
      expect((await quotasOf(id, by)).items).toContainEqual({
        ...{ identifierClass: 'SHORT_CODE', quota: 2, current: 1, remaining: 1 },
      });
    }
    await suite.expect(201, scene.lease(tenant, two));
    await eventually(async () => {
      await quotasOf(id);
      expect(await copyOf(id)).toMatchObject({ own: { SHORT_CODE: 2 } });
    });
    const renewed = await redis.ttl(`num:quota:${id}`);
    expect([renewed > 0, renewed <= COPY_SECONDS]).toEqual([true, true]);
    await suite.expect(200, otherAdmin.put(`${TENANTS}/${id}`, { plan: 'premium' }));
    expect(await quotasOf(id)).toMatchObject({ plan: 'premium', reservations: { quota: 200 } });
  });

  it('decide though the copy says something else: it is a hint', async () => {
    const tenant = await scene.tenant({ SHORT_CODE: 1 }, 'starter');
    const codes = await scene.identifiers('SHORT_CODE', 3);
    const { v = 0 } = (await copyOf(tenant.id)) ?? {};
    const own = { ...NO_OWN, SHORT_CODE: 99 };
    const lie = JSON.stringify({ v: v + 1, plan: 'enterprise', own });
    await redis.set(`num:quota:${tenant.id}`, lie, 'EX', COPY_SECONDS);
    const statuses = [];
    for (const code of codes) statuses.push((await scene.lease(tenant, code)).status);
    expect(statuses).toEqual([201, 403, 403]);
    expect((await scene.shown(tenant)).SHORT_CODE).toEqual([1, 1, 0]);
  });

  it('are a tenant’s to see, another’s with numbering:tenants:any alone, and an admin’s to change', async () => {
    const [mine, theirs] = [await scene.tenant(), await scene.tenant({ MSISDN: 4 })];
    const foreign = await mine.api.get(`/v1/quotas?tenantId=${theirs.id}`);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    const own = await suite.expect(200, mine.api.get(`/v1/quotas?tenantId=${mine.id}`));
    expect(own).toEqual(await suite.expect(200, mine.api.get('/v1/quotas')));
    const scope = 'numbering:read numbering:tenants:any';
    const desk = suite.caller(await mintToken({ sub: 'desk', scope }));
    expect((await quotasOf(theirs.id, desk)).items).toContainEqual({
      ...{ identifierClass: 'MSISDN', quota: 4, current: 0, remaining: 4 },
    });
    const nobody = await desk.get('/v1/quotas');
    expect([nobody.status, nobody.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    for (const path of [`${TENANTS}/${mine.id}`, `${TENANTS}/${mine.id}/quotas`]) {
      for (const refused of [await mine.api.get(path), await mine.api.put(path, {})]) {
        expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
      }
    }
  });

  it('are whole numbers from 0, plans one of four, tenants named in 1 to 255 characters: else 422, each fault named', async () => {
    const id = scene.newId();
    const bad = { MSISDN: -1, SHORT_CODE: 1.5, ALPHA: '5', maxHolds: 1e300, more: 1 };
    const quotas = await suite.admin.put(`${TENANTS}/${id}/quotas`, bad);
    expect([quotas.status, quotas.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    const fields = (quotas.body.errors as { field: string; code: string; message: string }[]).map(
      ({ field }) => field,
    );
    expect(fields.toSorted()).toEqual(Object.keys(bad).toSorted());
    const plan = await suite.admin.put(`${TENANTS}/${id}`, { plan: 'gold' });
    expect([plan.status, plan.body]).toMatchObject([422, { errors: [{ field: 'plan' }] }]);
    const long = encodeURIComponent('t'.repeat(256));
    for (const path of [`${TENANTS}/${long}`, `${TENANTS}/${long}/quotas`, `${TENANTS}/%20`]) {
      const got = await suite.admin.get(path);
      expect([got.status, got.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    }
    const rows = await suite.sql('SELECT 1 FROM numbering.tenants WHERE tenant_id = $1', [id]);
    expect(rows).toEqual([]);
  });
});
