import { randomInt } from 'node:crypto';
import { Suite, TopicTap, type TestTenant } from '@numbering/testing';
import { Redis } from 'ioredis';

const TTL_MS = 86_400_000;
/** What a busy machine may take from the answer to the question. */
const SLACK_MS = 20_000;

describe('US-NUM-008 hold an identifier', () => {
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

  it('promotes the own reservation to 86,400 s, in the ledger and under the same key in Redis', async () => {
    const name = `Kyc ${randomInt(10_000, 99_999)}`;
    const body = { identifiers: [{ identifier: name }] };
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', body));
    const { leaseId } = await suite.expect(201, tenant.api.on(name, 'reserve'));
    // In any writing of the name; other tests' numbers may have its digits.
    const anyWriting = `num:reserve:*[Kk][Yy][Cc]*${name.slice(4)}*`;
    const keys = await redis.keys(anyWriting);
    const held = await suite.expect(200, tenant.api.on(name.toLowerCase(), 'hold'));
    const { expiresAt } = held;
    expect(held).toEqual({ leaseId, identifier: name, state: 'HELD', expiresAt });
    const rows = await suite.sql(
      `SELECT i.state AS of_identifier, l.lease_id, l.state, l.expires_at,
              extract(epoch FROM l.expires_at - i.changed_at)::float8 * 1000 AS ttl_ms
         FROM numbering.identifiers i JOIN numbering.leases l USING (identifier)
        WHERE identifier = $1`,
      [name],
    );
    expect(rows).toEqual([
      {
        ...{ of_identifier: 'HELD', lease_id: leaseId, state: 'HELD', ttl_ms: TTL_MS },
        expires_at: new Date(String(expiresAt)),
      },
    ]);
    expect(keys).toEqual([`num:reserve:${name}`]);
    expect(await redis.keys(anyWriting)).toEqual(keys);
    const leftMs = await redis.pttl(`num:reserve:${name}`);
    expect(leftMs).toBeGreaterThan(TTL_MS - SLACK_MS);
    expect(leftMs).toBeLessThanOrEqual(TTL_MS);
  });

  it('publishes reservation.held HOLD as the next version, with its audit row', async () => {
    const [number = ''] = await suite.numbers();
    const { leaseId } = await suite.expect(201, tenant.api.on(number, 'reserve'));
    const { expiresAt } = await suite.expect(200, tenant.api.on(number, 'hold'));
    const [, held] = await tap.of(number, 2);
    expect(held).toMatchObject({ topic: 'numbering.reservation.held', subject: number });
    expect(held?.data).toEqual({
      ...{ identifier: number, identifierClass: 'MSISDN', identifierVersion: 3 },
      ...{ tenantId: tenant.id, leaseId, kind: 'HOLD', expiresAt },
    });
    const audits = await suite.sql(
      `SELECT actor, action, from_state, to_state, version, tenant_id, lease_id
         FROM numbering.audit_log WHERE identifier = $1 ORDER BY version DESC LIMIT 1`,
      [number],
    );
    expect(audits).toEqual([
      {
        ...{ actor: tenant.sub, action: 'HOLD', from_state: 'RESERVED', to_state: 'HELD' },
        ...{ version: 3, tenant_id: tenant.id, lease_id: leaseId },
      },
    ]);
  });

  it('makes it AVAILABLE after its TTL, with reservation.released TTL_EXPIRED', async () => {
    const [number = ''] = await suite.numbers();
    const { leaseId } = await suite.expect(201, tenant.api.on(number, 'reserve'));
    await suite.expect(200, tenant.api.on(number, 'hold'));
    await suite.sql(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + interval '200 milliseconds'
        WHERE lease_id = $1`,
      [leaseId],
    );
    const [, , released] = await tap.of(number, 3);
    expect(released).toMatchObject({
      type: 'numbering.reservation.released',
      data: { reason: 'TTL_EXPIRED', tenantId: tenant.id, leaseId, identifierVersion: 4 },
    });
    expect(
      await suite.sql('SELECT state FROM numbering.identifiers WHERE identifier = $1', [number]),
    ).toEqual([{ state: 'AVAILABLE' }]);
  });

  it('stops at the plan’s holds: the sixth of a starter is HOLD_QUOTA, its reservation stays', async () => {
    const starter = await suite.tenant('starter');
    const numbers = await suite.numbers(6);
    for (const number of numbers) await suite.expect(201, starter.api.on(number, 'reserve'));
    for (const number of numbers.slice(0, 5))
      await suite.expect(200, starter.api.on(number, 'hold'));
    const [sixth = ''] = numbers.slice(5);
    const refused = await starter.api.on(sixth, 'hold');
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'HOLD_QUOTA', quota: 5, current: 5 });
    const shown = await starter.api.get(`/v1/numbers/${encodeURIComponent(sixth)}`);
    expect(shown.body).toMatchObject({ state: 'RESERVED', ownedByCaller: true });
    await suite.expect(200, starter.api.on(numbers[0] ?? '', 'release'));
    await suite.expect(200, starter.api.on(sixth, 'hold'));
  });
});
