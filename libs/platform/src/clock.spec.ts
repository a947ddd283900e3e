import { access } from 'node:fs/promises';
import fc from 'fast-check';
import { DatabaseClock, TimedOut, monotonicMs, sleepMs, withinMs } from './clock.js';
import { StoreUnavailable } from './errors.js';

/** A world with a monotonic clock that stands until something takes time. */
class World {
  monotonicNowMs = 1_000;
  databaseAheadMs = 1_700_000_000_000;
  isDatabaseUp = true;
  /** How long each answer takes on its way there and back. */
  trips: { thereMs: number; backMs: number }[] = [];
  private pauses: (() => void)[] = [];

  readonly clock = new DatabaseClock({
    monotonic: () => this.monotonicNowMs,
    pause: () => new Promise((resolve) => this.pauses.push(resolve)),
    readDatabaseTimeMs: async () => {
      if (!this.isDatabaseUp) throw new Error('connection refused');
      const { thereMs, backMs } = this.trips.shift() ?? { thereMs: 1, backMs: 1 };
      this.monotonicNowMs += thereMs;
      const databaseMs = this.databaseNowMs;
      this.monotonicNowMs += backMs;
      return Promise.resolve(databaseMs);
    },
  });

  get databaseNowMs(): number {
    return this.monotonicNowMs + this.databaseAheadMs;
  }
}

describe('DatabaseClock', () => {
  it('knows nothing before the first sample', async () => {
    const world = new World();
    world.isDatabaseUp = false;
    await world.clock.start();
    expect(world.clock.isKnown).toBe(false);
    expect(world.clock.errorBoundMs).toBe(Infinity);
    expect(() => world.clock.nowMs()).toThrow(StoreUnavailable);
    world.clock.stop();
  });

  it('follows the database, not the machine', async () => {
    const world = new World();
    await world.clock.sample();
    world.monotonicNowMs += 600_000;
    expect(world.clock.nowMs()).toBeCloseTo(world.databaseNowMs, 6);
  });

  it('believes the sample with the smallest round trip', async () => {
    const world = new World();
    world.trips = [
      { thereMs: 80, backMs: 2 },
      { thereMs: 1, backMs: 1 },
      { thereMs: 2, backMs: 60 },
    ];
    for (let taken = 0; taken < 3; taken++) await world.clock.sample();
    expect(world.clock.nowMs()).toBeCloseTo(world.databaseNowMs, 6);
    expect(world.clock.errorBoundMs).toBeLessThan(1.1);
  });

  it('keeps its offset while the database is away, and says how far it may be off', async () => {
    const world = new World();
    await world.clock.sample();
    const boundMs = world.clock.errorBoundMs;
    world.isDatabaseUp = false;
    world.monotonicNowMs += 60_000;
    expect(await world.clock.sample()).toBe(false);
    expect(world.clock.nowMs()).toBeCloseTo(world.databaseNowMs, 6);
    expect(world.clock.errorBoundMs).toBeGreaterThan(boundMs + 1);
  });

  it('forgets what it knew when the clock of the database was set', async () => {
    const world = new World();
    for (let taken = 0; taken < 5; taken++) await world.clock.sample();
    world.databaseAheadMs -= 600_000;
    world.trips = [{ thereMs: 20, backMs: 20 }];
    await world.clock.sample();
    expect(world.clock.nowMs()).toBeCloseTo(world.databaseNowMs, 6);
  });

  it('is never further off than it says, whatever the trips and the drift', async () => {
    const trip = fc.record({ thereMs: fc.double(tripLimits), backMs: fc.double(tripLimits) });
    const drift = fc.double({ min: -0.0001, max: 0.0001, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(trip, { minLength: 1, maxLength: 30 }), drift, async (trips, d) => {
        const world = new World();
        for (const each of trips) {
          world.trips = [each];
          await world.clock.sample();
          world.monotonicNowMs += 3_000;
          world.databaseAheadMs += 3_000 * d;
          const offMs = Math.abs(world.clock.nowMs() - world.databaseNowMs);
          expect(offMs).toBeLessThanOrEqual(world.clock.errorBoundMs + 0.001);
        }
      }),
      { seed: 20261124, numRuns: 200 },
    );
  });
});

const tripLimits = { min: 0.05, max: 1_500, noNaN: true };

describe('withinMs', () => {
  it('passes an answer and an error on', async () => {
    await expect(withinMs(1_000, Promise.resolve('here'))).resolves.toBe('here');
    await expect(withinMs(1_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('does not wait longer than it is told', async () => {
    await expect(withinMs(1, new Promise(() => undefined))).rejects.toThrow(TimedOut);
  });

  it('hears what has arrived while this process was busy, its time over or not', async () => {
    const arrives = withinMs(5, access(__filename));
    const busyUntil = monotonicMs() + 50;
    while (monotonicMs() < busyUntil);
    await expect(arrives).resolves.toBeUndefined();
  });
});

describe('sleepMs', () => {
  it('waits by the monotonic clock', async () => {
    const beganMs = monotonicMs();
    await sleepMs(20);
    expect(monotonicMs() - beganMs).toBeGreaterThanOrEqual(19);
  });

  it('ends early when it is told', async () => {
    await expect(sleepMs(60_000, AbortSignal.abort(new Error('stop')))).rejects.toThrow();
  });
});
