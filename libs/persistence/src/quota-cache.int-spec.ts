import { createLog, loadConfig, RedisGate } from '@numbering/platform';
import { testRedis, type TestRedis } from '@numbering/testing';
import { Redis } from 'ioredis';
import { QuotaCache, quotaKey, type KnownQuotas } from './quota-cache';

const LIFE_MS = 120_000;

describe('US-NUM-011 quota cache', () => {
  let server: TestRedis;
  let redis: Redis;
  let cache: QuotaCache;
  let tenants = 0;
  beforeAll(async () => {
    server = await testRedis();
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
    const config = loadConfig(
      {
        ...{ DATABASE_URL: 'postgres://nobody@127.0.0.1/none', REDIS_URL: server.url },
        ...{ LOG_LEVEL: 'silent', QUOTA_CACHE_TTL: '120s' },
      },
      'pool-monitor',
    );
    cache = new QuotaCache(config, { run: (call) => call(redis) });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const aTenant = (): string => `tenant-${++tenants}`;
  const quotas = (tenantId: string, version: number): KnownQuotas => ({
    ...{ tenantId, version, plan: 'business' },
    own: {
      ...{ MSISDN: version, SHORT_CODE: null, ALPHA: 0 },
      ...{ maxActiveReservations: null, maxHolds: null },
    },
  });

  it('gives back what it was given, for as long as QUOTA_CACHE_TTL says', async () => {
    const tenantId = aTenant();
    expect(await cache.read(tenantId)).toBeUndefined();
    await cache.keep(quotas(tenantId, 3));
    expect(await cache.read(tenantId)).toEqual(quotas(tenantId, 3));
    const livesMs = await redis.pttl(quotaKey(tenantId));
    expect(livesMs).toBeLessThanOrEqual(LIFE_MS);
    expect(livesMs).toBeGreaterThan(LIFE_MS / 2);
  });

  it('takes newer quotas for older ones, never the other way round: a slow reader puts nothing back', async () => {
    const tenantId = aTenant();
    await cache.keep(quotas(tenantId, 3));
    await cache.keep(quotas(tenantId, 5));
    await cache.keep(quotas(tenantId, 4));
    expect(await cache.read(tenantId)).toEqual(quotas(tenantId, 5));
  });

  it('keeps the newest of a hundred that come at once', async () => {
    const tenantId = aTenant();
    const versions = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    await Promise.all(versions.map((version) => cache.keep(quotas(tenantId, version))));
    expect((await cache.read(tenantId))?.version).toBe(100);
  });

  it('fails nobody where Redis is away or has something else there', async () => {
    const tenantId = aTenant();
    await redis.lpush(quotaKey(tenantId), 'a list');
    await cache.keep(quotas(tenantId, 1));
    expect(await cache.read(tenantId)).toBeUndefined();
    const dead = new Redis('redis://127.0.0.1:1', {
      ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => null },
    });
    dead.on('error', () => undefined);
    const gate = new RedisGate(dead, createLog({ app: 'test', logLevel: 'silent' }));
    const config = loadConfig(
      { DATABASE_URL: 'postgres://nobody@127.0.0.1/none', REDIS_URL: server.url },
      'pool-monitor',
    );
    const away = new QuotaCache(config, gate);
    await away.keep(quotas(tenantId, 1));
    expect(await away.read(tenantId)).toBeUndefined();
    dead.disconnect();
  });
});
