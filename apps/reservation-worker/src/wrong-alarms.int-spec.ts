import { ReleaseDueClaims, ReleaseNumber, ReserveNumber } from '@numbering/lifecycle';
import { isRefusal, parseIdentifier } from '@numbering/domain';
import { claimKey } from '@numbering/persistence';
import { eventually } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { watchEnds } from './testing/release-watch';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const TEN_MINUTES_MS = 600_000;
const CLAIMS = 20;
const PATIENCE_MS = 20_000;

describe('US-NUM-010 alarms that ring at the wrong time', () => {
  let world: World;
  let worker: TestingModule | undefined;
  let redis: Redis;
  let next = 1;
  const number = (): string => `+9379${String(next++).padStart(7, '0')}`;

  beforeAll(async () => {
    world = await openWorld({ RESERVE_TTL: '1s' });
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
  // Each alarm by itself, so that no other makes up for it. But BullMQ waits by the clock that is wrong here: for one
  // that is behind the sweep makes up.
  it.each([
    ['redis', '10 minutes ahead', TEN_MINUTES_MS],
    ['redis', '10 minutes behind', -TEN_MINUTES_MS],
    ['bullmq', '10 minutes ahead', TEN_MINUTES_MS],
    ['bullmq,sweep', '10 minutes behind', -TEN_MINUTES_MS],
    ['poll', '10 minutes ahead', TEN_MINUTES_MS],
    ['poll', '10 minutes behind', -TEN_MINUTES_MS],
  ])('%s releases nothing early, and all of it, with a clock %s', async (alarms, _what, offMs) => {
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + offMs);
    worker = await world.startWorker({ RELEASE_ALARMS: alarms, SWEEP_RESERVATIONS_EVERY: '3s' });
    const identifiers = Array.from({ length: CLAIMS }, number);
    for (const identifier of identifiers) await world.reserve(identifier);
    const { early, events } = await watchEnds(world, identifiers, { withinMs: PATIENCE_MS });
    expect({ early, events }).toEqual({ early: 0, events: Array(CLAIMS).fill(1) });
  });

  it('leaves a claim alone whose owner of the database is just giving it more time', async () => {
    const identifier = number();
    await world.reserve(identifier);
    const ended = await world.source.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE identifier = $1`,
      [identifier],
    );
    expect(ended[1]).toBe(1);
    const owner = world.source.createQueryRunner();
    await owner.startTransaction();
    await owner.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() + interval '1 hour'
        WHERE identifier = $1`,
      [identifier],
    );
    const release = world.lifecycle.get(ReleaseDueClaims);
    expect(await release.run()).toMatchObject({ scanned: 0, changed: 0, failed: 0 });
    await owner.commitTransaction();
    await owner.release();
    expect(await release.run()).toMatchObject({ changed: 0 });
    expect(await world.stateOf(identifier)).toBe('RESERVED');
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
    const told = await world.source.query(
      `SELECT 1 FROM numbering.audit_log WHERE action = 'TTL_EXPIRE' AND identifier = $1`,
      [identifier],
    );
    expect(told).toEqual([]);
  });
});
