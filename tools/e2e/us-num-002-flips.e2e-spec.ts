// A hundredth of the proof runs with all tests; the whole of it: FLIPS=10000 npm test -- us-num-002-flips
import { openOwnStack, type OwnStack } from './own-stack.fixture';
import { runFlips } from './flips/run-flips.fixture';
import { APP_TROUBLES, redisTroubles } from './flips/troubles.fixture';

const FLIPS = Number(process.env.FLIPS ?? 300);
const SEED = Number(process.env.SEED ?? 20260601);
const WHOLE = 10_000;
/** Longer than what is remembered is trusted; five seconds in a whole run. */
const AWAY_MS = FLIPS < WHOLE ? 1_000 : 5_000;
const TROUBLES = [...redisTroubles(AWAY_MS), ...(FLIPS < WHOLE ? [] : APP_TROUBLES)];
const SECOND_MS = 1_000;
/** Far slower than any machine flips. */
const FLIP_LIMIT_MS = 200;

jest.setTimeout(120 * SECOND_MS + FLIPS * FLIP_LIMIT_MS);

describe(`US-NUM-002 ${FLIPS} flips asked of two validators, seed ${SEED}`, () => {
  let world: OwnStack;
  beforeAll(async () => {
    world = await openOwnStack({ validators: 2 });
  });
  afterAll(() => world.close());

  it('no answer is older than a second, also while Redis is killed, emptied and frozen', async () => {
    const report = await runFlips(world, { flips: FLIPS, seed: SEED, troubles: TROUBLES });
    if (process.env.FLIPS) process.stdout.write(`${JSON.stringify(report)}\n`);
    expect(report).toMatchObject({ wrong: 0, wentBack: 0, lost: [], broken: [] });
    expect(report.seen.map(({ faults }) => faults)).toEqual([[], []]);
    expect(report.maxStaleMs).toBeLessThanOrEqual(SECOND_MS);
    // Redis away is no outage: hardly any call goes without its answer.
    expect(report.unavailable).toBeLessThan(report.answers / 100);
    expect(report.answers).toBeGreaterThan(report.flips);
    expect(report.flips).toBeGreaterThanOrEqual(FLIPS);
  });
});
