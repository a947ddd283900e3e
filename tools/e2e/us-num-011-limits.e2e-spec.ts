import type { Answer } from '@numbering/testing';
import { CLASSES, TenantScene } from './tenant-scene.fixture';

const CALLERS = 50;
const QUOTA = 6;

describe('US-NUM-011 quotas of leases', () => {
  const scene = new TenantScene();
  const { suite } = scene;
  afterAll(() => suite.close());

  const codes = (answers: readonly Answer[]) =>
    answers.map(({ status, body }) => (status < 300 ? status : body.code));
  const howMany = (answers: readonly Answer[], status: number) =>
    answers.filter((answer) => answer.status === status).length;
  const free = { maxActiveReservations: 500 };

  it.each(CLASSES)(
    `of %s are exact for ${CALLERS} leases at once, and what ends frees its place`,
    async (identifierClass) => {
      const tenant = await scene.tenant({ [identifierClass]: QUOTA, ...free });
      const numbers = await scene.identifiers(identifierClass, CALLERS + 20);
      const [asked, beside] = [numbers.slice(0, CALLERS), numbers.slice(CALLERS)];
      const reserved = asked.filter((_, i) => i % 3 === 0);
      const reserve = (identifiers: string[]) =>
        tenant.api.post('/v1/numbers/reservations', { identifiers });
      await suite.expect(200, reserve(reserved));
      // Others of the tenant are reserved at the same time: no quota of leases counts those.
      const [answers] = await Promise.all([
        Promise.all(asked.map((number) => scene.lease(tenant, number))),
        suite.expect(200, reserve(beside.slice(0, 10))),
        suite.expect(200, reserve(beside.slice(10))),
      ]);
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused).toHaveLength(CALLERS - QUOTA);
      const figures = { quota: QUOTA, current: QUOTA, currentCount: QUOTA, identifierClass };
      for (const { status, body } of refused) {
        expect([status, body]).toMatchObject([403, { code: 'QUOTA_EXCEEDED', ...figures }]);
      }
      expect(await scene.leased(tenant.id, identifierClass)).toBe(QUOTA);
      expect((await scene.shown(tenant))[identifierClass]).toEqual([QUOTA, QUOTA, 0]);

      const [one = '', two = ''] = asked.filter((_, i) => answers[i]?.status === 201);
      for (const number of [one, two]) await suite.expect(200, scene.recall(tenant, number));
      expect((await scene.shown(tenant))[identifierClass]).toEqual([QUOTA, QUOTA - 2, 2]);
      const again = await Promise.all(beside.map((number) => scene.lease(tenant, number)));
      expect(howMany(again, 201)).toBe(2);
      expect(await scene.leased(tenant.id, identifierClass)).toBe(QUOTA);
      expect(await scene.most(tenant.id)).toBe(QUOTA);
    },
  );

  it('are exact while leases end beside those that begin', async () => {
    const tenant = await scene.tenant({ MSISDN: QUOTA, ...free });
    const numbers = await scene.identifiers('MSISDN', QUOTA + CALLERS);
    const [held, wanted] = [numbers.slice(0, QUOTA), numbers.slice(QUOTA)];
    for (const number of held) await suite.expect(201, scene.lease(tenant, number));
    const [leased, recalled] = await Promise.all([
      Promise.all(wanted.map((number) => scene.lease(tenant, number))),
      Promise.all(held.map((number) => scene.recall(tenant, number))),
    ]);
    expect(howMany(recalled, 200)).toBe(QUOTA);
    const begun = howMany(leased, 201);
    expect(begun).toBeLessThanOrEqual(QUOTA);
    expect(await scene.leased(tenant.id, 'MSISDN')).toBe(begun);
    expect(await scene.most(tenant.id)).toBe(QUOTA);
    const more = await Promise.all(wanted.map((number) => scene.lease(tenant, number)));
    expect(begun + howMany(more, 201)).toBe(QUOTA);
  });

  it('count a suspended lease too, and no other class’s; a recall gives its place back', async () => {
    const tenant = await scene.tenant({ MSISDN: 1, SHORT_CODE: 1 });
    const [one = '', two = ''] = await scene.identifiers('MSISDN', 2);
    await suite.expect(201, scene.lease(tenant, one));
    const aside = `/v1/admin/numbers/${encodeURIComponent(one)}/suspend`;
    await suite.expect(200, suite.admin.post(aside, { reason: 'a test' }));
    expect(codes([await scene.lease(tenant, two)])).toEqual(['QUOTA_EXCEEDED']);
    // The classes' quotas are each their own.
    const [code = ''] = await scene.identifiers('SHORT_CODE', 1);
    await suite.expect(201, scene.lease(tenant, code));
    await suite.expect(200, scene.recall(tenant, one));
    await suite.expect(201, scene.lease(tenant, two));
  });

  it('let what is above a quota that shrank be, and nothing new begin until there is room', async () => {
    const tenant = await scene.tenant({ MSISDN: 5 });
    const numbers = await scene.identifiers('MSISDN', 6);
    const held = numbers.slice(0, 5);
    for (const number of held) await suite.expect(201, scene.lease(tenant, number));
    await scene.setQuotas(tenant.id, { MSISDN: 2 });
    // Never less than nothing.
    expect((await scene.shown(tenant)).MSISDN).toEqual([2, 5, 0]);
    const next = numbers[5] ?? '';
    for (const number of held.slice(0, 3)) {
      const over = await scene.lease(tenant, next);
      expect([over.body.code, over.body.quota]).toEqual(['QUOTA_EXCEEDED', 2]);
      await suite.expect(200, scene.recall(tenant, number));
    }
    expect((await scene.shown(tenant)).MSISDN).toEqual([2, 2, 0]);
    expect(codes([await scene.lease(tenant, next)])).toEqual(['QUOTA_EXCEEDED']);
    await suite.expect(200, scene.recall(tenant, held[3] ?? ''));
    await suite.expect(201, scene.lease(tenant, next));
  });

  it('and of reservations are independent: neither counts what the other has', async () => {
    const tenant = await scene.tenant({ MSISDN: 1, maxActiveReservations: 2, maxHolds: 1 });
    const numbers = await scene.identifiers('MSISDN', 5);
    const [a = '', b = '', c = '', d = ''] = numbers;
    await suite.expect(201, scene.lease(tenant, a));
    for (const number of [b, c]) await suite.expect(201, tenant.api.on(number, 'reserve'));
    const third = await tenant.api.on(d, 'reserve');
    expect([third.status, third.body]).toMatchObject([
      403,
      { code: 'RESERVATION_QUOTA', quota: 2, current: 2 },
    ]);
    await suite.expect(200, tenant.api.on(b, 'hold'));
    expect(codes([await tenant.api.on(c, 'hold'), await scene.lease(tenant, b)])).toEqual([
      'HOLD_QUOTA',
      'QUOTA_EXCEEDED',
    ]);
    const { reservations, holds } = await suite.expect(200, tenant.api.get('/v1/quotas'));
    expect([reservations, holds]).toEqual([
      { quota: 2, current: 2 },
      { quota: 1, current: 1 },
    ]);
    // A hold that becomes a lease leaves its place to the next reservation.
    await scene.setQuotas(tenant.id, { MSISDN: 2, maxActiveReservations: 2, maxHolds: 1 });
    await suite.expect(201, scene.lease(tenant, b));
    await suite.expect(201, tenant.api.on(d, 'reserve'));
  });

  it('of nothing allow nothing', async () => {
    const none = { MSISDN: 0, SHORT_CODE: 0, ALPHA: 0, maxActiveReservations: 0, maxHolds: 0 };
    const tenant = await scene.tenant(none);
    for (const identifierClass of CLASSES) {
      const [number = ''] = await scene.identifiers(identifierClass, 1);
      const reserved = await tenant.api.on(number, 'reserve');
      const leased = await scene.lease(tenant, number);
      expect(codes([reserved, leased])).toEqual(['RESERVATION_QUOTA', 'QUOTA_EXCEEDED']);
      expect((await scene.shown(tenant))[identifierClass]).toEqual([0, 0, 0]);
    }
  });
});
