import { ReleaseNumber, ReserveNumber } from '@numbering/lifecycle';
import { isRefusal, parseIdentifier } from '@numbering/domain';
import { claimKey } from '@numbering/persistence';
import { eventually } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const TEN_MINUTES_MS = 600_000;
const CLAIMS = 20;

describe('US-NUM-010 alarms that ring at the wrong time', () => {
  let world: World;
  let worker: TestingModule | undefined;
  let redis: Redis;
  let next = 1;
  const number = (): string => `+9379${String(next++).padStart(7, '0')}`;

  beforeAll(async () => {
    world = await openWorld({ RESERVE_TTL: '2s' });
    redis = new Redis(world.redis.url);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await worker?.close();
    worker = undefined;
  });
  afterAll(async () => {
    redis.disconnect();
    await world.close();
  });

  const parsed = (text: string) => {
    const read = parseIdentifier(text);
    if (isRefusal(read)) throw new Error(read.detail);
    return read;
  };
  const by = (tenantId: string) => ({
    caller: {
      ...{ sub: `user-${tenantId}`, tenantId },
      scopes: new Set(['numbering:read', 'numbering:write']),
    },
  });
  const expiries = (identifiers: string[]) =>
    world.source.query(
      `SELECT count(*)::integer AS told, count(*) FILTER (WHERE a.at < l.expires_at)::integer AS early
         FROM numbering.audit_log a JOIN numbering.leases l USING (lease_id)
        WHERE a.action = 'TTL_EXPIRE' AND l.identifier = ANY ($1)`,
      [identifiers],
    );

  it.each([
    ['10 minutes ahead', TEN_MINUTES_MS],
    ['10 minutes behind', -TEN_MINUTES_MS],
  ])('releases nothing early, and all of it, with a clock that is %s', async (_what, offMs) => {
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + offMs);
    worker = await world.startWorker();
    const identifiers = Array.from({ length: CLAIMS }, number);
    for (const identifier of identifiers) await world.reserve(identifier);
    await eventually(
      async () => expect(await expiries(identifiers)).toEqual([{ told: CLAIMS, early: 0 }]),
      { withinMs: 15_000 },
    );
  });

  it('leaves a new claim alone when the alarm of an old one rings late', async () => {
    worker = await world.startWorker();
    const identifier = number();
    const [first, second] = [`first-${identifier}`, `second-${identifier}`];
    await world.reserve(identifier);
    await world.source.query(
      `UPDATE numbering.leases SET tenant_id = $2 WHERE identifier = $1 AND state = 'RESERVED'`,
      [identifier, first],
    );
    await world.lifecycle.get(ReleaseNumber).run(by(first), parsed(identifier));
    await world.lifecycle.get(ReserveNumber).run(by(second), parsed(identifier));
    const endless = `UPDATE numbering.leases SET expires_at = clock_timestamp() + interval '1 hour'
                      WHERE identifier = $1 AND state = 'RESERVED'`;
    await world.source.query(endless, [identifier]);
    // The old claim's key, as a late writer would leave it, and its end.
    await redis.set(claimKey(identifier), 'the-old-claim', 'PX', 50);
    await eventually(async () => expect(await redis.exists(claimKey(identifier))).toBe(0));
    const rung = number();
    await world.reserve(rung);
    await eventually(async () => expect(await world.stateOf(rung)).toBe('AVAILABLE'), {
      withinMs: 10_000,
    });
    expect(await world.stateOf(identifier)).toBe('RESERVED');
    expect(await expiries([identifier])).toEqual([{ told: 0, early: 0 }]);
  });
});
