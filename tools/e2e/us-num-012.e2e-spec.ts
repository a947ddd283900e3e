import { eventually, TopicTap, ValidatorClient, type TestTenant } from '@numbering/testing';
import { BYPASS, TenantScene } from './tenant-scene.fixture';

const ADMIN = '/v1/admin/numbering';
const DAY_MS = 86_400_000;
const PLANS = ['starter', 'business', 'premium', 'enterprise'] as const;

interface Price {
  plan: string;
  identifierClass: string;
  vanity: boolean;
}

describe('US-NUM-012 a vanity short code for years', () => {
  const scene = new TenantScene();
  const { suite } = scene;
  const tap = new TopicTap();
  let validator: ValidatorClient;
  beforeAll(async () => {
    const [{ grpc = '' } = {}] = suite.stack.apps['lease-validator'];
    validator = new ValidatorClient(grpc, suite.stack.tokens.validator);
    await tap.open(suite.stack.services.kafka.brokers, [
      'numbering.lease.created',
      'numbering.lease.recalled',
      'numbering.identifier.quarantined',
    ]);
  });
  afterAll(async () => {
    validator.close();
    await tap.close();
    await suite.close();
  });

  const lease = (tenant: TestTenant, code: string, more: object = {}) =>
    tenant.api.on(code, 'lease', {
      ...{ tenantId: tenant.id, term: '1y', autoRenew: true, vanityFlag: true },
      ...more,
    });
  const codeOf = async (asked: ReturnType<typeof lease>) => {
    const { status, body } = await asked;
    return [status, body.code ?? body.state];
  };
  const priceOf = async (plan: string, vanity: boolean) => {
    const { items } = await suite.expect(200, suite.admin.get(`${ADMIN}/prices`));
    const row = (items as Price[]).find(
      (each) =>
        each.plan === plan && each.identifierClass === 'SHORT_CODE' && each.vanity === vanity,
    );
    const { plan: _, identifierClass: __, vanity: ___, ...price } = row ?? ({} as Price);
    return price;
  };
  const rowOf = async (code: string) =>
    (
      await suite.sql(
        `SELECT lease_id, state, vanity, term, auto_renew,
                CASE effective_until WHEN effective_from + interval '1 year' THEN 1
                                     WHEN effective_from + interval '3 years' THEN 3 END AS years
           FROM numbering.leases WHERE identifier = $1 ORDER BY claimed_at DESC LIMIT 1`,
        [code],
      )
    )[0];

  it.each([
    ['1y', 1, true],
    ['3y', 3, false],
    ['P1Y', 1, false],
    ['P3Y', 3, true],
  ])('is leased for %s, out of a reservation or by bypass', async (term, years, autoRenew) => {
    const tenant = await scene.tenant(undefined, 'premium');
    const [reserved, free] = [await scene.vanityCode(), await scene.vanityCode()];
    await suite.expect(201, tenant.api.on(reserved, 'reserve'));
    for (const code of [reserved, free]) {
      const made = await suite.expect(201, lease(tenant, code, { term, autoRenew }));
      expect(made).toMatchObject({
        ...{ identifier: code, state: 'LEASED', tenantId: tenant.id, autoRenew, vanity: true },
      });
      expect(await rowOf(code)).toEqual({
        ...{ lease_id: made.leaseId, state: 'LEASED', vanity: true, term },
        ...{ auto_renew: autoRenew, years },
      });
      const [created] = await tap.of(code, 1);
      expect(created).toMatchObject({
        topic: 'numbering.lease.created',
        data: { vanity: true, autoRenew, effectiveUntil: made.effectiveUntil },
      });
      expect(await validator.ask(code, tenant.id)).toMatchObject({ valid: true });
      const shown = await suite.expect(200, tenant.api.get(`/v1/numbers/${code}`));
      expect(shown).toMatchObject({ vanity: true, vanityEligible: true, state: 'LEASED' });
    }
  });

  it('is priced by the vanity tier of the tenant’s plan, whichever it is', async () => {
    for (const plan of PLANS) {
      const tenant = await scene.tenant({ SHORT_CODE: 2 }, plan);
      const { price } = await suite.expect(201, lease(tenant, await scene.vanityCode()));
      expect(price).toEqual(await priceOf(plan, true));
      const ordinary = { vanityFlag: false, term: '45d' };
      const plain = await suite.expect(201, lease(tenant, await scene.vanityCode(), ordinary));
      expect(plain).toMatchObject({ vanity: false, price: await priceOf(plan, false) });
    }
  });

  it.each(['2y', '4y', '30y', '12m', '36m', '52w', '365d', '1095d', '1Y', 'P1y', 'P12M', 'P365D'])(
    'is not leased for %s: 422 INVALID_TERM',
    async (term) => {
      const tenant = await scene.tenant();
      const code = await scene.vanityCode();
      expect(await codeOf(lease(tenant, code, { term }))).toEqual([422, 'INVALID_TERM']);
      expect(await suite.expect(200, tenant.api.get(`/v1/numbers/${code}`))).toMatchObject({
        state: 'AVAILABLE',
      });
    },
  );

  it('is an eligible short code, and nothing else: 422 NOT_VANITY_ELIGIBLE, in the order of ruling 17', async () => {
    const tenant = await scene.tenant();
    const refused = [422, 'NOT_VANITY_ELIGIBLE'];
    const [ordinary = '', taken = ''] = await scene.identifiers('SHORT_CODE', 2);
    const [number = ''] = await suite.numbers(1, { vanityEligible: true });
    const [alpha = ''] = await scene.identifiers('ALPHA', 1);
    for (const each of [ordinary, number, alpha]) {
      expect(await codeOf(lease(tenant, each))).toEqual(refused);
    }
    // After the tenant's own allowlist and the number's existence, before its state and the quota.
    const other = await suite.tenant('enterprise', BYPASS, { SHORT_CODE: 1 });
    await suite.expect(201, scene.lease(other, taken));
    expect(await codeOf(lease(tenant, taken))).toEqual(refused);
    expect(await codeOf(lease(other, ordinary))).toEqual(refused);
    const code = await scene.vanityCode();
    expect(await codeOf(lease(other, code))).toEqual([403, 'QUOTA_EXCEEDED']);
    await suite.expect(201, lease(tenant, code));
    expect(await codeOf(lease(other, code))).toEqual([409, 'ALREADY_LEASED']);
    await suite.expect(
      200,
      suite.admin.put(`${ADMIN}/tenants/${tenant.id}`, {
        plan: 'enterprise',
        operatorAllowlist: [],
      }),
    );
    expect(await codeOf(lease(tenant, ordinary))).toEqual([403, 'OPERATOR_NOT_ALLOWED']);
    expect(await codeOf(lease(tenant, ordinary, { term: '2y' }))).toEqual([422, 'INVALID_TERM']);
    expect(await codeOf(lease(tenant, '99999999'))).toEqual([404, 'UNKNOWN_IDENTIFIER']);
  });

  it.each([
    ['TENANT_REQUEST', true, 365],
    ['ABUSE', true, 365],
    ['REGULATOR_ORDER', true, 365],
    ['NON_PAYMENT', false, 30],
  ])('recalled for %s (vanity: %s) cools down for %i days, to the millisecond', async (...row) => {
    const [reason, vanityFlag, days] = row;
    const tenant = await scene.tenant();
    const code = await scene.vanityCode();
    await suite.expect(201, lease(tenant, code, { vanityFlag }));
    const isOwn = reason === 'TENANT_REQUEST';
    const ask = { reason, actorId: isOwn ? tenant.sub : suite.adminSub, ticketId: 'T-12' };
    const recalled = await suite.expect(
      200,
      (isOwn ? tenant.api : suite.admin).on(code, 'recall', ask),
    );
    const [audit] = await suite.sql<{ at: Date; available_at: Date }>(
      `SELECT a.at, i.available_at
         FROM numbering.audit_log a JOIN numbering.identifiers i USING (identifier)
        WHERE identifier = $1 AND action = 'RECALL'`,
      [code],
    );
    const availableAt = new Date((audit?.at.getTime() ?? 0) + days * DAY_MS).toISOString();
    expect(recalled).toMatchObject({ leaseState: 'RECALLED', state: 'QUARANTINE', availableAt });
    expect(audit?.available_at.toISOString()).toBe(availableAt);
    const others = await scene.tenant();
    const again = await lease(others, code);
    expect([again.status, again.body]).toMatchObject([
      409,
      { code: 'QUARANTINE_ACTIVE', availableAt },
    ]);
    const told = (await tap.of(code, 3)).filter(({ topic }) => topic !== 'numbering.lease.created');
    expect(told.map(({ data }) => data.availableAt)).toEqual([availableAt, availableAt]);
    await eventually(async () =>
      expect(await validator.ask(code, tenant.id)).toMatchObject({ valid: false }),
    );
  });
});
