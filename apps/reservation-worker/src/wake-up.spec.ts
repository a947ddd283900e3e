import { monotonicMs } from '@numbering/platform';
import { WakeUp } from './wake-up';

const LONG_MS = 60_000;
const SHORT_MS = 5;

describe('a pause that can be cut short', () => {
  it('ends by itself', async () => {
    await new WakeUp().pause(SHORT_MS);
  });

  it('ends at once when somebody rings', async () => {
    const wakeUp = new WakeUp();
    const beganAtMs = monotonicMs();
    const pause = wakeUp.pause(LONG_MS);
    wakeUp.ring();
    await pause;
    expect(monotonicMs() - beganAtMs).toBeLessThan(LONG_MS);
  });

  it('keeps a ring between two pauses for the next one, and only for that', async () => {
    const wakeUp = new WakeUp();
    wakeUp.ring();
    wakeUp.ring();
    await wakeUp.pause(LONG_MS);
    const beganAtMs = monotonicMs();
    await wakeUp.pause(SHORT_MS);
    expect(monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(SHORT_MS - 2);
  });
});
