import { metricsRegistry, StoreUnavailable } from '@numbering/platform';
import { eventually, Line } from '@numbering/testing';
import { Rig, type Told, type Validator } from './testing/rig';

jest.setTimeout(60_000);

const OWN = 'tenant-own';
/** The promise of the service: what a call takes while Redis is away (targets: 80 ms at p95). */
const PATIENCE_MS = 200;

describe('outages of the stores', () => {
  let rig: Rig;
  let postgres: Line;
  let validator: Validator;
  let identifier: string;

  beforeEach(async () => {
    rig = await Rig.open();
    const { line, url } = await Line.to(rig.ledger.database.url);
    postgres = line;
    validator = await rig.validator({ DATABASE_URL: url });
    identifier = await rig.ledger.register();
    await rig.ledger.change(identifier, { state: 'LEASED', tenantId: OWN });
    rig.startEvictor();
    await rig.trusted(validator);
    await validator.ask(identifier, OWN);
    expect(await told()).toEqual(['', 'memory']);
  });

  afterEach(async () => {
    await rig.close();
    await postgres.close();
  });

  const shown = (answer: Told) => [answer.valid ? '' : answer.reason, answer.path];
  const told = async () => shown(await validator.ask(identifier, OWN));
  const eventuallyTold = (reason: string, path: string, withinMs = 5_000) =>
    eventually(async () => expect(await told()).toEqual([reason, path]), { withinMs });

  /** Asks all the time until `during` is over. @returns the slowest answer, in milliseconds */
  async function askWhile(during: Promise<unknown>): Promise<number> {
    let slowestMs = 0;
    let isOver = false;
    void during.finally(() => (isOver = true));
    while (!isOver) {
      const beganAtMs = performance.now();
      expect((await told())[0]).toBe('');
      slowestMs = Math.max(slowestMs, performance.now() - beganAtMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await during;
    return slowestMs;
  }

  it('Redis killed: memory, then Postgres, no error and no wait', async () => {
    const fallbacks = async () =>
      (await metricsRegistry.getSingleMetric('num_redis_fallback_total')?.get())?.values[0]
        ?.value ?? 0;
    const before = await fallbacks();
    await rig.redis.kill();
    expect(await askWhile(eventuallyTold('', 'redis_down'))).toBeLessThan(PATIENCE_MS);
    expect(await fallbacks()).toBeGreaterThan(before);
    // What changes meanwhile is seen at once, without anybody to tell of it.
    await rig.ledger.change(identifier, { state: 'QUARANTINE' });
    expect(await told()).toEqual(['LEASE_RECALLED', 'redis_down']);
  });

  it('Redis restarted empty: what changed is seen, and the cache starts afresh', async () => {
    await rig.redis.kill();
    await rig.ledger.change(identifier, { state: 'QUARANTINE' });
    await rig.redis.start();
    await eventuallyTold('LEASE_RECALLED', 'memory');
    const { leaseId } = await rig.ledger.change(identifier, { state: 'LEASED', tenantId: OWN });
    await eventually(async () =>
      expect(await validator.ask(identifier, OWN)).toMatchObject({ valid: true, leaseId }),
    );
  });

  it('Redis frozen mid-flight: Postgres in time; memory again when it thaws', async () => {
    process.kill(rig.redis.pid, 'SIGSTOP');
    expect(await askWhile(eventuallyTold('', 'redis_down'))).toBeLessThan(PATIENCE_MS);
    await rig.ledger.change(identifier, { state: 'QUARANTINE' });
    expect(await told()).toEqual(['LEASE_RECALLED', 'redis_down']);
    process.kill(rig.redis.pid, 'SIGCONT');
    await eventuallyTold('LEASE_RECALLED', 'memory', 10_000);
  });

  it('Postgres cut off: a young heartbeat vouches for memory, and then nothing does', async () => {
    postgres.cut();
    // The evictor still has its own line, so the heartbeat goes on.
    expect(await told()).toEqual(['', 'memory']);
    const unheardOf = await rig.ledger.register();
    await expect(validator.ask(unheardOf, OWN)).rejects.toThrow(StoreUnavailable);
    await rig.cutEvictor();
    await eventually(() => expect(told()).rejects.toThrow(StoreUnavailable));
    postgres.restore();
    await eventuallyTold('', 'postgres');
  });

  it('Postgres frozen and no heartbeat: UNAVAILABLE, after a while at once', async () => {
    await rig.cutEvictor();
    postgres.freeze();
    await eventually(() => expect(told()).rejects.toThrow(StoreUnavailable));
    await eventually(async () => {
      const beganAtMs = performance.now();
      await expect(told()).rejects.toThrow(StoreUnavailable);
      expect(performance.now() - beganAtMs).toBeLessThan(PATIENCE_MS);
    });
    postgres.restore();
    await eventuallyTold('', 'postgres');
  });

  it('both away: UNAVAILABLE, and the same for what was never asked', async () => {
    postgres.cut();
    await rig.redis.kill();
    await eventually(() => expect(told()).rejects.toThrow(StoreUnavailable));
    await expect(validator.ask('+93790000009', OWN)).rejects.toThrow(StoreUnavailable);
  });

  it('LEASE_BLIND_TTL lets the last facts answer, for so long and no longer', async () => {
    const { line, url } = await Line.to(rig.ledger.database.url);
    const blind = await rig.validator({ DATABASE_URL: url, LEASE_BLIND_TTL: '2s' });
    await rig.trusted(blind);
    await blind.ask(identifier, OWN);
    line.cut();
    await rig.cutEvictor();
    await eventually(() => expect(blind.knowledge.lookup.isTrusted).toBe(false));
    expect(shown(await blind.ask(identifier, OWN))).toEqual(['', 'memory']);
    await expect(blind.ask('+93790000009', OWN)).rejects.toThrow(StoreUnavailable);
    await eventually(() => expect(blind.ask(identifier, OWN)).rejects.toThrow(StoreUnavailable));
    await line.close();
  });

  it('starts while Postgres is away, and answers when it comes', async () => {
    const { line, url } = await Line.to(rig.ledger.database.url);
    line.cut();
    const early = await rig.validator({ DATABASE_URL: url });
    await expect(early.ask(identifier, OWN)).rejects.toThrow(StoreUnavailable);
    line.restore();
    await eventually(async () => expect((await early.ask(identifier, OWN)).valid).toBe(true));
    await early.close();
    await line.close();
  });
});
