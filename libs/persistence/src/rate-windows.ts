import type { RedisGate } from '@numbering/platform';
import { LuaScript } from './lua-script';

/** How many were taken in a window by all replicas together, and when it ends. */
export interface TakenPermits {
  taken: number;
  endsInMs: number;
}

/**
 * One step, so that no window is ever without its end.
 * KEYS[1] the window; ARGV how many are taken, milliseconds of a window that this opens.
 */
const TAKE = new LuaScript(`
  redis.call('SET', KEYS[1], 0, 'PX', ARGV[2], 'NX')
  return {redis.call('INCRBY', KEYS[1], ARGV[1]), redis.call('PTTL', KEYS[1])}`);

/** Windows of rate limits, which open with their first call (ruling 41), counted for all replicas in Redis. */
export class RateWindows {
  constructor(private readonly gate: RedisGate) {}

  /** @throws StoreUnavailable where Redis does not answer; what was taken then may have been counted */
  async take(key: string, permits: number, windowMs: number): Promise<TakenPermits> {
    const answer = await this.gate.run((redis) =>
      TAKE.run(redis, [`num:rate:${key}`], [permits, windowMs]),
    );
    const [taken = 0, endsInMs = 0] = answer as number[];
    return { taken, endsInMs };
  }
}
