import { DAY_MS, msUntil } from './time-of-day';

const SECOND_MS = 1_000;
const at = (time: string) => Date.parse(`2026-03-01T${time}Z`);

describe('the time until a time of day', () => {
  it.each([
    ['00:00:00', { hour: 2, minute: 0 }, 7_200 * SECOND_MS],
    ['01:59:59', { hour: 2, minute: 0 }, SECOND_MS],
    ['02:00:00', { hour: 2, minute: 0 }, DAY_MS],
    ['02:00:01', { hour: 2, minute: 0 }, DAY_MS - SECOND_MS],
    ['23:59:59', { hour: 0, minute: 0 }, SECOND_MS],
  ])('from %s to %j', (now, time, wanted) => {
    expect(msUntil(time, at(now))).toBe(wanted);
  });
});
