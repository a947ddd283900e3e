import type { Heartbeat } from '@numbering/persistence';
import { Trust, TRUST_MS } from './trust';

const BEGAN_AT_MS = 1_000_000;

describe('trust', () => {
  const clock = { errorBoundMs: 0 };
  let trust: Trust;

  beforeEach(() => {
    clock.errorBoundMs = 0;
    trust = new Trust(clock, 5_000);
  });

  const hear = (heartbeat: Partial<Heartbeat> = {}) =>
    trust.heard({
      epoch: 'run:1',
      generation: 1,
      passBeganAtMs: BEGAN_AT_MS,
      said: { evictor: 'a', count: 0 },
      ...heartbeat,
    });

  it('has none before the first heartbeat', () => {
    expect(trust.isYoung(BEGAN_AT_MS)).toBe(false);
    expect(trust.moment().epoch).toBeUndefined();
    expect(trust.blindSinceMs(BEGAN_AT_MS)).toBeUndefined();
  });

  it('lasts for 700 ms from the beginning of the pass', () => {
    hear();
    expect(TRUST_MS).toBe(700);
    expect(trust.isYoung(BEGAN_AT_MS + TRUST_MS - 1)).toBe(true);
    expect(trust.isYoung(BEGAN_AT_MS + TRUST_MS)).toBe(false);
  });

  it('lasts for less when the clock may be off by more', () => {
    hear();
    clock.errorBoundMs = 200;
    expect(trust.isYoung(BEGAN_AT_MS + 499)).toBe(true);
    expect(trust.isYoung(BEGAN_AT_MS + 500)).toBe(false);
  });

  it('does not believe a heartbeat of the future for longer', () => {
    hear({ passBeganAtMs: BEGAN_AT_MS + 600_000 });
    expect(trust.isYoung(BEGAN_AT_MS)).toBe(false);
  });

  it('counts the newest of several evictors', () => {
    hear({ passBeganAtMs: BEGAN_AT_MS + 500 });
    hear({ passBeganAtMs: BEGAN_AT_MS });
    expect(trust.isYoung(BEGAN_AT_MS + 900)).toBe(true);
  });

  it('follows a database clock that was set back', () => {
    hear({ passBeganAtMs: BEGAN_AT_MS + 600_000 });
    hear({ passBeganAtMs: BEGAN_AT_MS });
    expect(trust.isYoung(BEGAN_AT_MS)).toBe(true);
  });

  it('begins a new era when Redis has a new epoch', () => {
    hear();
    const { era, ledger } = trust;
    hear({ epoch: 'run:1', passBeganAtMs: BEGAN_AT_MS + 20 });
    expect([trust.era, trust.ledger]).toEqual([era, ledger]);
    hear({ epoch: 'run:2', passBeganAtMs: BEGAN_AT_MS + 40 });
    expect(trust.era).toBe(era + 1);
    expect(trust.moment().epoch).toBe('run:2');
  });

  it('notices a new generation of the ledger', () => {
    hear();
    const { era, ledger } = trust;
    hear({ generation: 2 });
    expect([trust.era, trust.ledger]).toEqual([era, ledger + 1]);
  });

  it('believes Redis again only after a heartbeat from it', () => {
    hear();
    expect(trust.isRedisBelieved(BEGAN_AT_MS)).toBe(true);
    trust.redisChanged();
    expect(trust.isRedisBelieved(BEGAN_AT_MS)).toBe(false);
    expect(trust.isYoung(BEGAN_AT_MS)).toBe(true);
    hear({ passBeganAtMs: BEGAN_AT_MS + 20 });
    expect(trust.isRedisBelieved(BEGAN_AT_MS)).toBe(true);
  });

  it('vouches blindly for as long as an owner allows', () => {
    hear();
    expect(trust.blindSinceMs(BEGAN_AT_MS + 4_999)).toBe(BEGAN_AT_MS);
    expect(trust.blindSinceMs(BEGAN_AT_MS + 5_000)).toBeUndefined();
    const careful = new Trust(clock, 0);
    careful.heard({
      epoch: 'e',
      generation: 1,
      passBeganAtMs: BEGAN_AT_MS,
      said: { evictor: 'a', count: 0 },
    });
    expect(careful.blindSinceMs(BEGAN_AT_MS)).toBeUndefined();
  });
});
