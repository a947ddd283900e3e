import { metricsRegistry } from '@numbering/platform';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@numbering/testing';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { appDataSource } from './data-source';
import { EvictionPass } from './eviction-pass';
import { EvictionStore } from './eviction.store';
import { EVICT_CHANNEL, HEARTBEAT_CHANNEL, readEvictions } from './fact-cache-messages';

type Heard = [channel: string, text: string];

describe('a pass of the evictor', () => {
  let database: TestDatabase;
  let server: TestRedis;
  let source: DataSource;
  let redis: Redis;
  let listener: Redis;
  let heard: Heard[];

  beforeAll(async () => {
    database = await testDatabase();
    server = await testRedis();
    source = await appDataSource({
      databaseUrl: database.url,
      app: 'evictor-test',
      poolSize: 3,
      queryTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
    }).initialize();
    redis = new Redis(server.url);
    listener = new Redis(server.url);
    listener.on('message', (channel, text) => heard.push([channel, text]));
    await listener.subscribe(EVICT_CHANNEL, HEARTBEAT_CHANNEL);
  });

  afterAll(async () => {
    redis.disconnect();
    listener.disconnect();
    await source.destroy();
    await server.stop();
    await database.drop();
  });

  beforeEach(async () => {
    // What the test before published is heard by then, and not by this one.
    await listener.ping();
    heard = [];
  });
  afterEach(() => source.query('DELETE FROM numbering.outbox'));

  const pass = () => new EvictionPass(new EvictionStore(source), redis);
  /** All that was published before has been heard once this is answered. */
  const hearAll = () => listener.ping();
  const change = (subject: string, key: string, version: number, topic?: string, sent = false) =>
    source.query(
      `INSERT INTO numbering.outbox (topic, key, payload, subject, version, created_at, sent_at)
       VALUES ($1::text, $2, CASE WHEN $1::text IS NULL THEN NULL ELSE '{}'::jsonb END, $3, $4,
               clock_timestamp(), CASE WHEN $5::boolean THEN clock_timestamp() END)`,
      [topic ?? null, key, subject, version, sent],
    );
  const rows = (): Promise<{ key: string; is_evicted: boolean }[]> =>
    source.query(
      `SELECT key, evicted_at IS NOT NULL AS is_evicted FROM numbering.outbox ORDER BY id`,
    );

  it('tells of every change, marks it, and then says so', async () => {
    await change('IDENTIFIER', '+93790000001', 2, 'numbering.lease.created');
    await change('IDENTIFIER', '+93790000001', 3, 'numbering.lease.recalled', true);
    await change('IDENTIFIER', 'Kb Q', 9);
    await change('TENANT', 'tenant-1', 4);
    await change('LEDGER', 'ROSHAN', 7);
    await change('NONE', 'ROSHAN', 0, 'numbering.block.imported');
    expect(await pass().run()).toBe(6);
    await hearAll();
    expect(heard.map(([channel]) => channel)).toEqual([EVICT_CHANNEL, HEARTBEAT_CHANNEL]);
    expect(readEvictions(heard[0]?.[1] ?? '')?.changes).toEqual([
      { kind: 'i', key: '+93790000001', version: 3 },
      { kind: 'i', key: 'kbq', version: 9 },
      { kind: 't', key: 'tenant-1', version: 4 },
      { kind: 'l', key: '', version: 7 },
    ]);
    // What Kafka is still to have stays; the rest has been had by everybody.
    expect(await rows()).toEqual([
      { key: '+93790000001', is_evicted: true },
      { key: 'ROSHAN', is_evicted: true },
    ]);
    expect(await pass().run()).toBe(0);
  });

  it('says in its heartbeat when it began, in database time, and the generation', async () => {
    const [before] = await source.query(
      'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms',
    );
    await pass().run();
    const [after] = await source.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
    await hearAll();
    const { passBeganAtMs, generation, epoch } = JSON.parse(heard[0]?.[1] ?? '');
    expect(passBeganAtMs).toBeGreaterThanOrEqual(Number(before.ms));
    expect(passBeganAtMs).toBeLessThanOrEqual(Number(after.ms));
    expect(generation).toBe(0);
    expect(epoch).toBe(await redis.get('num:epoch'));
  });

  it('drains more than a batch before it says so', async () => {
    await source.query(
      `INSERT INTO numbering.outbox (key, subject, version, created_at)
       SELECT 'tenant-' || n, 'TENANT', 1, clock_timestamp() FROM generate_series(1, 2500) n`,
    );
    expect(await pass().run()).toBe(2_500);
    await hearAll();
    expect(heard.map(([channel]) => channel)).toEqual([
      EVICT_CHANNEL,
      EVICT_CHANNEL,
      EVICT_CHANNEL,
      HEARTBEAT_CHANNEL,
    ]);
    const told = heard.slice(0, 3).map(([, text]) => readEvictions(text)?.said?.count);
    expect(told).toEqual([1, 2, 3]);
    expect(JSON.parse(heard[3]?.[1] ?? '').said.count).toBe(3);
    expect(await rows()).toEqual([]);
  });

  it('does no harm beside another', async () => {
    for (let version = 1; version <= 50; version++) await change('TENANT', `t-${version}`, version);
    await Promise.all([pass().run(), pass().run()]);
    await hearAll();
    const told = heard.flatMap(([, text]) => readEvictions(text)?.changes ?? []);
    expect(new Set(told.map(({ key }) => key)).size).toBe(50);
    await pass().run(); // What one had locked the other left.
    expect(await rows()).toEqual([]);
  });

  it('leaves a row that somebody has locked, and tells of it again', async () => {
    await change('TENANT', 'locked', 1);
    const other = source.createQueryRunner();
    await other.startTransaction();
    await other.query('SELECT 1 FROM numbering.outbox FOR UPDATE');
    await pass().run();
    expect(await rows()).toEqual([{ key: 'locked', is_evicted: false }]);
    await other.rollbackTransaction();
    await other.release();
    expect(await pass().run()).toBe(1);
    expect(await rows()).toEqual([]);
  });

  it('measures how long a change took to be told', async () => {
    const count = async () => {
      const text = await metricsRegistry.metrics();
      return Number(/^num_invalidation_lag_seconds_count (\d+)/m.exec(text)?.[1]);
    };
    await pass().run();
    const before = await count();
    await change('TENANT', 'measured', 1);
    await pass().run();
    expect(await count()).toBe(before + 1);
  });

  it('fails without a heartbeat, and marks nothing, while Redis is away', async () => {
    await change('TENANT', 'waits', 1);
    const lone = new Redis({ port: 1, lazyConnect: true });
    lone.on('error', () => undefined);
    await expect(new EvictionPass(new EvictionStore(source), lone).run()).rejects.toThrow('Redis');
    lone.disconnect();
    process.kill(server.pid, 'SIGSTOP');
    await expect(pass().run()).rejects.toThrow('no answer within');
    process.kill(server.pid, 'SIGCONT');
    expect(await rows()).toEqual([{ key: 'waits', is_evicted: false }]);
    expect(await pass().run()).toBe(1);
    await hearAll();
    expect(heard.filter(([channel]) => channel === HEARTBEAT_CHANNEL)).toHaveLength(1);
  });
});
