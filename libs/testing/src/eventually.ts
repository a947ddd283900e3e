import { setTimeout as pause } from 'node:timers/promises';

/** Tries until `check` stops throwing; throws its last error when the time is over. Waits for the thing itself. */
export async function eventually<T>(
  check: () => Promise<T> | T,
  { withinMs = 5_000, everyMs = 20 } = {},
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) throw error;
      await pause(everyMs);
    }
  }
}
