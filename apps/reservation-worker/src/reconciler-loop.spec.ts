import type { ReconcilerStatus } from '@numbering/lifecycle';
import { createLog } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import { ReconcilerLoop } from './reconciler-loop';
import { DAY_MS } from './time-of-day';

const log = createLog({ app: 'test', logLevel: 'silent' });
const NOTHING: ReconcilerStatus = { scanned: 0, changed: 0, failed: 0 };

/** A reconciler whose runs end when the test says so. */
class StepByStep {
  runs = 0;
  atOnce = 0;
  mostAtOnce = 0;
  private readonly ends: ((status: ReconcilerStatus | Error) => void)[] = [];

  async run(): Promise<ReconcilerStatus> {
    this.runs++;
    this.atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    const end = await new Promise<ReconcilerStatus | Error>((resolve) => this.ends.push(resolve));
    this.atOnce--;
    if (end instanceof Error) throw end;
    return end;
  }

  async end(status: ReconcilerStatus | Error = NOTHING): Promise<void> {
    await eventually(() => expect(this.ends.length).toBeGreaterThan(0));
    this.ends.shift()?.(status);
  }
}

describe('the loop of a reconciler', () => {
  let work: StepByStep;
  let done: string[];
  let loop: ReconcilerLoop;

  beforeEach(() => {
    work = new StepByStep();
    done = [];
    loop = new ReconcilerLoop('job', work, log, (_status, by) => done.push(by));
  });
  afterEach(() => loop.stop());

  it('never runs twice at once, and gives rings meanwhile one run after that', async () => {
    const first = loop.ring('poll');
    await eventually(() => expect(work.runs).toBe(1));
    const [second, third] = [loop.ring('redis'), loop.ring('bullmq')];
    await work.end({ ...NOTHING, changed: 1 });
    expect(await first).toMatchObject({ changed: 1 });
    await work.end({ ...NOTHING, changed: 2 });
    expect(await second).toMatchObject({ changed: 2 });
    expect(await third).toMatchObject({ changed: 2 });
    expect([work.runs, work.mostAtOnce]).toEqual([2, 1]);
    expect(done).toEqual(['poll', 'redis']);
  });

  it('rings again by itself after a failure, until a run succeeds', async () => {
    const failed = loop.ring('redis');
    await work.end(new Error('Postgres is away'));
    expect(await failed).toBeUndefined();
    await work.end(new Error('still away'));
    await work.end();
    await eventually(() => expect(done).toEqual(['redis']));
    expect(work.runs).toBe(3);
  });

  it('rings on its period, and sooner where something is due sooner', async () => {
    loop.every(3_600_000, 'sweep');
    await work.end({ ...NOTHING, nextDueInMs: 10 });
    await work.end();
    await eventually(() => expect(done).toEqual(['sweep', 'sweep']));
  });

  it('ends with the run under way and takes no ring afterwards', async () => {
    const ring = loop.ring('poll');
    await eventually(() => expect(work.runs).toBe(1));
    const stopped = loop.stop();
    expect(await loop.ring('redis')).toBeUndefined();
    await work.end();
    await stopped;
    expect(await ring).toEqual(NOTHING);
    expect(work.runs).toBe(1);
  });

  it('rings at its time of day, not at its start, and sooner where something is due sooner', async () => {
    const midnight = { hour: 0, minute: 0 };
    let nowMs = DAY_MS - 5;
    loop.dailyAt(midnight, () => nowMs);
    expect(work.runs).toBe(0);
    await eventually(() => expect(work.runs).toBe(1));
    nowMs = DAY_MS;
    await work.end({ ...NOTHING, nextDueInMs: 1 });
    await eventually(() => expect(work.runs).toBe(2));
    await work.end();
    await eventually(() => expect(done).toEqual(['day', 'day']));
  });
});
