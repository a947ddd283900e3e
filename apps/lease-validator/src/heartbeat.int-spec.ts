import { EVICT_CHANNEL, evictUnder, HEARTBEAT_CHANNEL, type Said } from '@numbering/persistence';
import { createLog, loadConfig, subscriberRedis } from '@numbering/platform';
import { eventually, testRedis, type TestRedis } from '@numbering/testing';
import { Redis } from 'ioredis';
import { FactMemory } from './fact-memory';
import { HeartbeatListener } from './heartbeat';
import { Trust } from './trust';

jest.setTimeout(60_000);

const KEY = '+93790000001';
const NOW_MS = 1_000_000;
const LIMITS = { entries: 100, floors: 100, unknown: 100 };
const known = (version: number) => ({ version, facts: { version }, endsAtMs: NOW_MS + 60_000 });

describe('hearing evictions and heartbeats', () => {
  let server: TestRedis;
  let speaker: Redis;
  let subscriber: ReturnType<typeof subscriberRedis>;
  let trust: Trust;
  let memory: FactMemory<{ version: number }>;
  let said: Said;

  beforeEach(async () => {
    server = await testRedis();
    speaker = new Redis(server.url);
    speaker.on('error', () => undefined);
    const env = {
      DATABASE_URL: 'postgres://unused:1/none',
      REDIS_URL: server.url,
      GRPC_AUTH: 'none',
      LOG_LEVEL: 'silent',
    };
    subscriber = subscriberRedis(loadConfig(env, 'lease-validator'));
    trust = new Trust({ errorBoundMs: 0 }, 0);
    memory = new FactMemory(LIMITS, trust);
    new HeartbeatListener({
      subscriber,
      reader: speaker,
      trust,
      memories: { i: memory, t: memory },
      log: createLog({ app: 'test', logLevel: 'silent' }),
    }).start();
    said = { evictor: 'a', count: 0 };
    await listening();
    memory.keep(KEY, known(3), trust.moment());
  });

  afterEach(async () => {
    speaker.disconnect();
    subscriber.disconnect();
    await server.stop();
  });

  const beat = (passBeganAtMs = NOW_MS) =>
    speaker.publish(
      HEARTBEAT_CHANNEL,
      JSON.stringify({ epoch: 'run:1', generation: 1, passBeganAtMs, said }),
    );
  /** Until the listener hears, and so believes, heartbeats. */
  const listening = () =>
    eventually(async () => {
      await beat();
      expect(trust.isYoung(NOW_MS)).toBe(true);
    });
  const evict = (version: number) => {
    said = { ...said, count: said.count + 1 };
    return evictUnder(speaker, '', [{ kind: 'i', key: KEY, version }], said);
  };
  const versionNow = () => memory.get(KEY, NOW_MS)?.version;

  it('drops what was evicted and keeps the rest', async () => {
    memory.keep('other', known(1), trust.moment());
    await evict(4);
    await eventually(() => expect(versionNow()).toBeUndefined());
    expect(memory.floorOf(KEY)).toBe(4);
    await beat();
    expect(memory.get('other', NOW_MS)?.version).toBe(1);
  });

  it('has floors only when an evictor’s count has a gap', async () => {
    const { era } = trust;
    await evict(2);
    await beat(NOW_MS + 1);
    await eventually(() => expect(trust.isYoung(NOW_MS + 700)).toBe(true));
    expect([versionNow(), trust.era]).toEqual([3, era]);
    said = { ...said, count: said.count + 1 }; // This one was lost.
    await beat(NOW_MS + 2);
    await eventually(() => expect(trust.era).toBe(era + 1));
    expect(versionNow()).toBeUndefined();
  });

  it('takes no offence at late repeats, nor at an evictor that begins', async () => {
    const { era } = trust;
    await evict(2);
    const late = { ...said, count: 0 };
    await speaker.publish(
      HEARTBEAT_CHANNEL,
      JSON.stringify({ epoch: 'run:1', generation: 1, passBeganAtMs: NOW_MS - 100, said: late }),
    );
    said = { evictor: 'b', count: 70 };
    await beat(NOW_MS + 1);
    await eventually(() => expect(trust.isYoung(NOW_MS + 700)).toBe(true));
    expect([versionNow(), trust.era]).toEqual([3, era]);
  });

  it('has floors only after a message that is none', async () => {
    await speaker.publish(EVICT_CHANNEL, 'nonsense');
    await eventually(() => expect(versionNow()).toBeUndefined());
    expect(memory.floorOf(KEY)).toBe(3);
  });

  it('hears that the ledger has grown', async () => {
    const { ledger } = trust;
    await evictUnder(speaker, '', [{ kind: 'l', key: '', version: 9 }]);
    await eventually(() => expect(trust.ledger).toBe(ledger + 1));
    expect(versionNow()).toBe(3);
  });

  it('has floors only after a new connection, and hears again over it', async () => {
    const { era } = trust;
    await server.kill();
    await server.start();
    await eventually(() => expect(trust.era).toBeGreaterThan(era));
    expect(versionNow()).toBeUndefined();
    expect(trust.isRedisBelieved(NOW_MS)).toBe(false);
    await eventually(async () => {
      await beat(NOW_MS + 5);
      expect(trust.isRedisBelieved(NOW_MS)).toBe(true);
    });
  });
});
