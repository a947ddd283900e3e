import { Suite } from '@numbering/testing';
import { Redis } from 'ioredis';

describe('US-NUM-008 hold an identifier', () => {
  const suite = new Suite();
  const redis = new Redis(suite.stack.services.redis.url);
  afterAll(async () => {
    redis.disconnect();
    await suite.close();
  });

  it('promotes the own reservation to a day, and nobody else’s', async () => {
    const [mine, theirs] = [await suite.tenant(), await suite.tenant()];
    const [number = ''] = await suite.numbers();
    const nothing = await mine.api.on(number, 'hold');
    expect([nothing.status, nothing.body.code]).toEqual([409, 'INVALID_STATE']);
    const { leaseId } = await suite.expect(201, mine.api.on(number, 'reserve'));
    const foreign = await theirs.api.on(number, 'hold');
    expect([foreign.status, foreign.body.code]).toEqual([409, 'HELD_BY_OTHER_TENANT']);
    const held = await suite.expect(200, mine.api.on(number, 'hold'));
    expect(held).toMatchObject({ leaseId, state: 'HELD' });
    expect(await redis.ttl(`num:reserve:${number}`)).toBeGreaterThan(86_390);
  });

  it('stops at the plan’s holds: the sixth of a starter is HOLD_QUOTA', async () => {
    const tenant = await suite.tenant('starter');
    const numbers = await suite.numbers(6);
    for (const number of numbers) await suite.expect(201, tenant.api.on(number, 'reserve'));
    for (const number of numbers.slice(0, 5))
      await suite.expect(200, tenant.api.on(number, 'hold'));
    const sixth = await tenant.api.on(numbers[5] ?? '', 'hold');
    expect(sixth.status).toBe(403);
    expect(sixth.body).toMatchObject({ code: 'HOLD_QUOTA', quota: 5, current: 5 });
  });
});
