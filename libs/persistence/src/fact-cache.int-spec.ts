import { randomUUID } from 'node:crypto';
import { RedisGate, StoreUnavailable, createLog } from '@numbering/platform';
import { testRedis, type TestRedis } from '@numbering/testing';
import { Redis } from 'ioredis';
import { evictUnder, FactCache } from './fact-cache';
import { currentEpoch, publishHeartbeat } from './fact-cache-epoch';
import { EVICT_CHANNEL, HEARTBEAT_CHANNEL, readEvictions } from './fact-cache-messages';

const NOW_MS = 1_764_000_000_000;
const LIFE_MS = 30_000;

describe('fact cache', () => {
  let server: TestRedis;
  let redis: Redis;
  let cache: FactCache;
  let epoch: string;
  let key: string;

  beforeAll(async () => {
    server = await testRedis();
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
    cache = new FactCache({ run: (call) => call(redis) });
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  beforeEach(async () => {
    epoch = await currentEpoch(redis);
    key = `+9379${randomUUID()}`;
  });

  const put = (version: number, endsAtMs = NOW_MS + LIFE_MS) =>
    cache.putIfNewer(epoch, 'i', [{ key, version, facts: { of: version }, endsAtMs }], NOW_MS);
  const evict = (version: number) => evictUnder(redis, epoch, [{ kind: 'i', key, version }]);
  const kept = async () => (await cache.read<{ of: number }>(epoch, 'i', [key]))[0];
  const livesMs = () => redis.pttl(`num:fact:${epoch}:i:${key}`);

  it('keeps facts until the moment at which they end', async () => {
    await put(3);
    expect(await kept()).toEqual({ v: 3, facts: { of: 3 }, endsAtMs: NOW_MS + LIFE_MS });
    expect(await livesMs()).toBeLessThanOrEqual(LIFE_MS);
    expect(await livesMs()).toBeGreaterThan(LIFE_MS - 5_000);
  });

  it('puts newer facts over older ones, never the other way round', async () => {
    await put(3);
    await put(5);
    await put(4);
    expect(await kept()).toMatchObject({ v: 5 });
  });

  it('lets no slow reader put an older version back', async () => {
    await put(3);
    await evict(4);
    expect(await kept()).toEqual({ v: 4, gone: true });
    await put(3);
    expect(await kept()).toEqual({ v: 4, gone: true });
    await put(4);
    expect(await kept()).toMatchObject({ v: 4, facts: { of: 4 } });
  });

  it('leaves a tombstone where nothing was kept, for longer than a read can take', async () => {
    await evict(4);
    expect(await livesMs()).toBeGreaterThan(50_000);
    await put(3);
    expect(await kept()).toEqual({ v: 4, gone: true });
  });

  it('keeps the version of facts that end soon for as long as its tombstone', async () => {
    await evict(4);
    await put(4, NOW_MS + 1_000);
    expect(await kept()).toEqual({ v: 4, facts: { of: 4 }, endsAtMs: NOW_MS + 1_000 });
    expect(await livesMs()).toBeGreaterThan(50_000);
    await put(9, NOW_MS + 1_000);
    expect(await livesMs()).toBeGreaterThan(50_000);
    // And the same where the facts came first.
    key = `${key}-first`;
    await put(4, NOW_MS + 1_000);
    await evict(4);
    expect(await kept()).toMatchObject({ v: 4, facts: { of: 4 } });
    expect(await livesMs()).toBeGreaterThan(50_000);
  });

  it('does not put what has ended', async () => {
    await put(3, NOW_MS);
    expect(await kept()).toBeUndefined();
  });

  it('reads what it cannot understand as nothing', async () => {
    await redis.set(`num:fact:${epoch}:i:${key}`, 'not ours');
    expect(await kept()).toBeUndefined();
  });

  it('evicts hundreds at once, each subject once with its newest version', async () => {
    const keys = Array.from({ length: 350 }, (_, at) => `${key}-${at}`);
    const heard = await hearing(EVICT_CHANNEL, async () => {
      await evictUnder(redis, epoch, [
        ...keys.map((each) => ({ kind: 'i' as const, key: each, version: 2 })),
        { kind: 'i', key: 'Kb Q', version: 7 },
        { kind: 'i', key: 'KBQ', version: 8 },
        { kind: 't', key: 'Tenant 1', version: 3 },
        { kind: 'l', key: '', version: 12 },
      ]);
    });
    const facts = await cache.read(epoch, 'i', [...keys, 'kbq']);
    expect(facts.filter((fact) => fact?.gone)).toHaveLength(351);
    expect(facts.at(-1)).toEqual({ v: 8, gone: true });
    expect(await cache.read(epoch, 't', ['Tenant 1'])).toEqual([{ v: 3, gone: true }]);
    expect(readEvictions(heard)?.changes).toHaveLength(353);
  });

  it('lets a writer evict under the current epoch', async () => {
    await put(3);
    await cache.evict([{ kind: 'i', key, version: 4 }]);
    expect(await kept()).toEqual({ v: 4, gone: true });
  });

  it('tells a writer when Redis is away', async () => {
    const lone = new Redis({ port: 1, lazyConnect: true, enableOfflineQueue: false });
    lone.on('error', () => undefined);
    const gate = new RedisGate(lone, createLog({ app: 'test', logLevel: 'silent' }));
    const change = { kind: 'i' as const, key, version: 4 };
    await expect(new FactCache(gate).evict([change])).rejects.toThrow(StoreUnavailable);
    lone.disconnect();
  });

  it('begins a new epoch when Redis was emptied or restarted', async () => {
    expect(await currentEpoch(redis)).toBe(epoch);
    const heartbeat = { epoch, generation: 1, passBeganAtMs: NOW_MS };
    const said = { evictor: 'a', count: 0 };
    const heard = await hearing(HEARTBEAT_CHANNEL, async () => {
      expect(await publishHeartbeat(redis, { ...heartbeat, said })).toBe(true);
    });
    expect(JSON.parse(heard)).toEqual({ ...heartbeat, said });
    await redis.flushall();
    expect(await publishHeartbeat(redis, { ...heartbeat, said })).toBe(false);
    const second = await currentEpoch(redis);
    expect(second).not.toBe(epoch);
    // A restart with the old data: the run is another one.
    await server.kill();
    await server.start();
    await redis.set('num:epoch', second);
    expect(await publishHeartbeat(redis, { ...heartbeat, epoch: second, said })).toBe(false);
    expect(await currentEpoch(redis)).not.toBe(second);
  });

  /** What is first said on a channel while `act` runs. */
  async function hearing(channel: string, act: () => Promise<void>): Promise<string> {
    const listener = new Redis(server.url);
    const heard = new Promise<string>((resolve) =>
      listener.once('message', (_, text) => resolve(text)),
    );
    await listener.subscribe(channel);
    await act();
    const text = await heard;
    listener.disconnect();
    return text;
  }
});
