/** In UTC. */
export interface TimeOfDay {
  hour: number;
  minute: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** From a moment (Unix milliseconds) to when that time of day next comes; a whole day where it is that now. */
export function msUntil({ hour, minute }: TimeOfDay, nowMs: number): number {
  const atMs = hour * HOUR_MS + minute * MINUTE_MS;
  const sinceMidnightMs = nowMs % DAY_MS;
  return sinceMidnightMs < atMs ? atMs - sinceMidnightMs : atMs + DAY_MS - sinceMidnightMs;
}
