import { randomUUID } from 'node:crypto';
import { Suite } from '@numbering/testing';
import { Redis } from 'ioredis';

describe('US-NUM-007 reserve an identifier', () => {
  const suite = new Suite();
  const redis = new Redis(suite.stack.services.redis.url);
  afterAll(async () => {
    redis.disconnect();
    await suite.close();
  });

  it('pins it for 900 s, in the ledger and in Redis', async () => {
    const tenant = await suite.tenant();
    const [number = ''] = await suite.numbers();
    const made = await suite.expect(201, tenant.api.on(number, 'reserve'));
    expect(made).toMatchObject({ identifier: number, state: 'RESERVED' });
    const ttl = await redis.ttl(`num:reserve:${number}`);
    expect(ttl).toBeGreaterThan(890);
    expect(ttl).toBeLessThanOrEqual(900);
  });

  it('has one winner of 200 callers at once, and the database says so', async () => {
    const tenants = await Promise.all(Array.from({ length: 4 }, () => suite.tenant()));
    const [number = ''] = await suite.numbers();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => tenants[i % 4]?.api.on(number, 'reserve')),
    );
    const statuses = answers.map((answer) => answer?.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(199);
    expect(
      await suite.sql('SELECT state FROM numbering.leases WHERE identifier = $1', [number]),
    ).toEqual([{ state: 'RESERVED' }]);
  });

  it('makes one claim of a repeat under one Idempotency-Key', async () => {
    const tenant = await suite.tenant();
    const [number = '', other = ''] = await suite.numbers(2);
    const key = { 'idempotency-key': randomUUID() };
    const first = await tenant.api.on(number, 'reserve', {}, key);
    const again = await tenant.api.on(number, 'reserve', {}, key);
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      201,
      201,
      'true',
    ]);
    expect(again.body).toEqual(first.body);
    const reused = await tenant.api.on(other, 'reserve', {}, key);
    expect([reused.status, reused.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });
});
