import { randomBytes, randomInt } from 'node:crypto';
import { eventually, Suite, TopicTap, type TestTenant } from '@numbering/testing';
import { Redis } from 'ioredis';

const CALLERS = 200;
const TENANTS = 20;
const ROUNDS = 5;
const TTL_MS = 900_000;
/** What a busy machine may take from the answer to the question. */
const SLACK_MS = 20_000;

describe('US-NUM-007 reserve an identifier', () => {
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

  const register = async (identifier: string) => {
    const body = { identifiers: [{ identifier }] };
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', body));
    return identifier;
  };
  const claimsOn = (number: string) =>
    suite.sql('SELECT lease_id, tenant_id, state FROM numbering.leases WHERE identifier = $1', [
      number,
    ]);

  it.each([
    ['an MSISDN', async () => (await suite.numbers())[0] ?? '', (name: string) => name.slice(1)],
    [
      'a short code',
      () => register(`${randomInt(10_000_000, 99_999_999)}`),
      (name: string) => name,
    ],
    [
      'an alpha ID',
      () => register(`Shop ${randomInt(10_000, 99_999)}`),
      (name: string) => name.replace(' ', '').toUpperCase(),
    ],
  ])(
    'pins %s for 900 s, in the ledger and in Redis, under the name that the service answers',
    async (_what, make, inOtherWords) => {
      const name = await make();
      const made = await suite.expect(201, tenant.api.on(inOtherWords(name), 'reserve'));
      const { leaseId, expiresAt } = made;
      expect(made).toEqual({ leaseId, identifier: name, state: 'RESERVED', expiresAt });
      const rows = await suite.sql(
        `SELECT i.state AS of_identifier, l.state, l.tenant_id, l.expires_at,
                extract(epoch FROM l.expires_at - l.claimed_at)::float8 * 1000 AS ttl_ms
           FROM numbering.identifiers i JOIN numbering.leases l USING (identifier)
          WHERE l.lease_id = $1`,
        [leaseId],
      );
      expect(rows).toEqual([
        {
          of_identifier: 'RESERVED',
          state: 'RESERVED',
          tenant_id: tenant.id,
          expires_at: new Date(String(expiresAt)),
          ttl_ms: TTL_MS,
        },
      ]);
      const leftMs = await redis.pttl(`num:reserve:${name}`);
      expect(leftMs).toBeGreaterThan(TTL_MS - SLACK_MS);
      expect(leftMs).toBeLessThanOrEqual(TTL_MS);
    },
  );

  it('publishes reservation.held RESERVE and leaves one audit row', async () => {
    const [number = ''] = await suite.numbers();
    const requestId = `request-${randomBytes(6).toString('hex')}`;
    const { leaseId, expiresAt } = await suite.expect(
      201,
      tenant.api.on(number, 'reserve', {}, { 'x-request-id': requestId }),
    );
    const claim = { tenantId: tenant.id, leaseId };
    const identity = { identifier: number, identifierClass: 'MSISDN', identifierVersion: 2 };
    const events = await tap.of(number, 1);
    expect(events).toEqual([
      {
        ...{ specversion: '1.0', id: expect.any(String), source: '/numbering/inventory-api' },
        ...{ type: 'numbering.reservation.held', topic: 'numbering.reservation.held' },
        ...{ subject: number, key: number, time: expect.any(String) },
        datacontenttype: 'application/json',
        data: { ...identity, ...claim, kind: 'RESERVE', expiresAt },
      },
    ]);
    const audits = await suite.sql(
      `SELECT actor, action, from_state, to_state, version, tenant_id, lease_id, request_id
         FROM numbering.audit_log WHERE identifier = $1`,
      [number],
    );
    expect(audits).toEqual([
      {
        ...{ actor: tenant.sub, action: 'RESERVE', from_state: 'AVAILABLE', to_state: 'RESERVED' },
        ...{ version: 2, tenant_id: tenant.id, lease_id: leaseId, request_id: requestId },
      },
    ]);
  });

  it('makes it AVAILABLE after its TTL, with reservation.released TTL_EXPIRED', async () => {
    const [number = ''] = await suite.numbers();
    const { leaseId } = await suite.expect(201, tenant.api.on(number, 'reserve'));
    await suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + interval '200 milliseconds'
        WHERE lease_id = $1`,
      [leaseId],
    );
    const [, released] = await tap.of(number, 2);
    expect(released).toMatchObject({
      type: 'numbering.reservation.released',
      data: { reason: 'TTL_EXPIRED', tenantId: tenant.id, leaseId, identifierVersion: 3 },
    });
    expect(
      await suite.sql('SELECT state FROM numbering.identifiers WHERE identifier = $1', [number]),
    ).toEqual([{ state: 'AVAILABLE' }]);
  });

  it('forgets the key when the reservation becomes a lease', async () => {
    const [number = ''] = await suite.numbers();
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    expect(await redis.exists(`num:reserve:${number}`)).toBe(1);
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    await eventually(async () => expect(await redis.exists(`num:reserve:${number}`)).toBe(0));
  });

  it(`has one winner of ${CALLERS} callers of ${TENANTS} tenants at once, ${ROUNDS} times, and the database says so`, async () => {
    const ids = Array.from({ length: TENANTS }, () => `t-${randomBytes(5).toString('hex')}`);
    for (const number of await suite.numbers(ROUNDS)) {
      const answers = await Promise.all(
        Array.from({ length: CALLERS }, (_, i) =>
          suite.admin.on(number, 'reserve', { tenantId: ids[i % TENANTS] }),
        ),
      );
      const winner = answers.findIndex(({ status }) => status === 201);
      const losers = answers.filter((_, i) => i !== winner);
      expect(losers.map(({ status, body }) => [status, body.code])).toEqual(
        losers.map(() => [409, 'INVALID_STATE']),
      );
      expect(losers.filter(({ body }) => body.ownedByCaller)).toHaveLength(CALLERS / TENANTS - 1);
      expect(await claimsOn(number)).toEqual([
        {
          lease_id: answers[winner]?.body.leaseId,
          tenant_id: ids[winner % TENANTS],
          state: 'RESERVED',
        },
      ]);
    }
  });

  it('leaves what is reserved already as it is, its TTL too', async () => {
    const [number = ''] = await suite.numbers();
    const { leaseId, expiresAt } = await suite.expect(201, tenant.api.on(number, 'reserve'));
    const before = await redis.call('PEXPIRETIME', `num:reserve:${number}`);
    const again = await tenant.api.on(number, 'reserve');
    expect([again.status, again.body.ownedByCaller]).toEqual([409, true]);
    const shown = await tenant.api.get(`/v1/numbers/${encodeURIComponent(number)}`);
    expect(shown.body).toMatchObject({ leaseId, expiresAt });
    expect(await redis.call('PEXPIRETIME', `num:reserve:${number}`)).toBe(before);
  });
});
