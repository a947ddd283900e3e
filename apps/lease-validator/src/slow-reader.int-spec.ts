import { randomUUID } from 'node:crypto';
import { DEFAULT_POLICY, type IdentifierFacts, type ParsedIdentifier } from '@numbering/domain';
import { currentEpoch, FactCache, FactsStore } from '@numbering/persistence';
import { createLog, DatabaseClock, StoreUnavailable } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import { FactChain } from './fact-chain';
import { PostgresGate } from './postgres-gate';
import { PostgresLink } from './postgres-link';
import { RedisLink } from './redis-link';
import { questionFor, Rig } from './testing/rig';
import { Stores } from './stores';
import { Trust } from './trust';

jest.setTimeout(60_000);

const TENANT = 'tenant-own';
const TTL_MS = 60_000;
const LIMITS = { entries: 100, floors: 100, unknown: 100 };

/** Holds back what was read until the test lets it go. */
class Latch {
  private open: (() => void) | undefined;
  private reached: (() => void) | undefined;
  /** Resolves when a reader has read and waits. */
  readonly isReached = new Promise<void>((resolve) => (this.reached = resolve));

  async wait(): Promise<void> {
    this.reached?.();
    await new Promise<void>((resolve) => (this.open = resolve));
  }

  release(): void {
    this.open?.();
  }
}

describe('a reader whose read takes longer than a change', () => {
  let rig: Rig;
  let stores: Stores;
  let clock: DatabaseClock;
  let facts: FactsStore;

  beforeAll(async () => {
    rig = await Rig.open();
    stores = new Stores(rig.config());
    await stores.open();
    facts = new FactsStore(stores.dataSource, DEFAULT_POLICY);
    clock = new DatabaseClock(() => facts.databaseTimeMs());
    await clock.start();
  });

  afterAll(async () => {
    clock.stop();
    await stores.onApplicationShutdown();
    await rig.close();
  });

  /** A replica that reads for real, and whose reads the test may hold back. */
  async function replica(latches: Latch[] = []) {
    const trust = new Trust(clock, 0);
    const log = createLog({ app: 'test', logLevel: 'silent' });
    const load = async (asks: readonly ParsedIdentifier[]) => {
      const found = await facts.loadFacts(asks);
      await latches.shift()?.wait();
      return found;
    };
    const chain = new FactChain<ParsedIdentifier, IdentifierFacts>({
      memory: LIMITS,
      redis: new RedisLink('i', new FactCache(stores.gate), stores.gate, log),
      postgres: new PostgresLink({ gate: new PostgresGate(log), load, ttlMs: TTL_MS }),
      trust,
      clock,
      log,
    });
    const hear = async () =>
      trust.heard({
        epoch: await currentEpoch(rig.evictorRedis),
        generation: 1,
        passBeganAtMs: clock.nowMs(),
        said: { evictor: randomUUID(), count: 0 },
      });
    await hear();
    return { chain, trust, hear };
  }

  const ask = (identifier: string) => questionFor(identifier, TENANT).identifier;
  const inRedis = async (identifier: string) => {
    const epoch = await currentEpoch(rig.evictorRedis);
    return (await new FactCache(stores.gate).read(epoch, 'i', [identifier]))[0];
  };

  it('reads again when it has heard of the change', async () => {
    const identifier = await rig.ledger.register();
    const latch = new Latch();
    const { chain } = await replica([latch]);
    const answer = chain.ask(ask(identifier));
    await latch.isReached;
    const { version } = await rig.ledger.change(identifier, { state: 'LEASED', tenantId: TENANT });
    chain.memory.evict(identifier, version);
    latch.release();
    expect((await answer).known).toMatchObject({ version, facts: { state: 'LEASED' } });
    expect(chain.memory.get(identifier, clock.nowMs())?.version).toBe(version);
  });

  it('puts nothing older into Redis than the tombstone that it has not heard of', async () => {
    const identifier = await rig.ledger.register();
    const latch = new Latch();
    const slow = await replica([latch]);
    const answer = slow.chain.ask(ask(identifier));
    await latch.isReached;
    const { version } = await rig.ledger.change(identifier, { state: 'LEASED', tenantId: TENANT });
    await rig.writerEvicts([{ kind: 'i', key: identifier, version }]);
    latch.release();
    expect((await answer).known.version).toBe(version - 1);
    await stores.gate.run((redis) => redis.ping()); // After the put, on the same connection.
    expect(await inRedis(identifier)).toEqual({ v: version, gone: true });
    // Another replica answers from the new version, and Redis then has that.
    const quick = await replica();
    expect((await quick.chain.ask(ask(identifier))).known.version).toBe(version);
    await eventually(async () => expect(await inRedis(identifier)).toMatchObject({ v: version }));
  });

  it('does not remember what it read before it may have missed something', async () => {
    const identifier = await rig.ledger.register();
    const latch = new Latch();
    const { chain, trust, hear } = await replica([latch]);
    const answer = chain.ask(ask(identifier));
    await latch.isReached;
    trust.missed();
    await hear();
    latch.release();
    await answer;
    expect(chain.memory.get(identifier, clock.nowMs())).toBeUndefined();
    expect(chain.memory.floorOf(identifier)).toBe(1);
  });

  it('does not remember as unknown what became known meanwhile', async () => {
    const identifier = '+93790000321';
    const latch = new Latch();
    const { chain, trust } = await replica([latch]);
    const answer = chain.ask(ask(identifier));
    await latch.isReached;
    await rig.ledger.register(identifier);
    trust.ledgerChanged();
    latch.release();
    expect((await answer).known.facts).toBeUndefined();
    expect((await chain.ask(ask(identifier))).known.facts).toMatchObject({ state: 'AVAILABLE' });
  });

  it('says nothing where only an older version than it heard of can be read', async () => {
    const identifier = await rig.ledger.register();
    const { chain } = await replica();
    chain.memory.evict(identifier, 99);
    await expect(chain.ask(ask(identifier))).rejects.toThrow(StoreUnavailable);
  });

  it('takes nothing from a Redis that lost the epoch while it was read', async () => {
    const identifier = await rig.ledger.register();
    const { chain, trust, hear } = await replica();
    expect((await chain.ask(ask(identifier))).path).toBe('postgres');
    await eventually(async () => expect(await inRedis(identifier)).toMatchObject({ v: 1 }));
    trust.missed();
    expect((await chain.ask(ask(identifier))).path).toBe('redis');
    await rig.evictorRedis.flushall();
    await hear();
    expect((await chain.ask(ask(identifier))).path).toBe('postgres');
  });
});
