import { Redis } from 'ioredis';
import { percentile } from '../measure';

const CHANNEL = 'bench';
const SUBSCRIBERS = 2;
const MESSAGES = 2_000;
const P99 = 0.99;

/** Milliseconds p99 from a PUBLISH to the last of two subscribers, each message after the one before. */
export async function redisMessageMs(url: string): Promise<number> {
  const publisher = new Redis(url);
  const subscribers = Array.from({ length: SUBSCRIBERS }, () => new Redis(url));
  try {
    await Promise.all(subscribers.map((each) => each.subscribe(CHANNEL)));
    const tookMs: number[] = [];
    for (let message = 0; message < MESSAGES; message++) {
      const heard = subscribers.map(
        (each) => new Promise<void>((resolve) => each.once('message', () => resolve())),
      );
      const beganAtMs = performance.now();
      await Promise.all([publisher.publish(CHANNEL, String(message)), ...heard]);
      tookMs.push(performance.now() - beganAtMs);
    }
    return percentile(tookMs, P99);
  } finally {
    for (const each of [publisher, ...subscribers]) each.disconnect();
  }
}
