// A circuit breaker around Redis: an outage costs a few slow calls, not one for every request.
import { ReplyError } from 'ioredis';
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import type { CircuitBreakerPolicy } from 'cockatiel';
import { StoreUnavailable } from './errors.js';
import { withinMs } from './clock.js';
import type { Log } from './log.js';
import { counter, gauge } from './metrics.js';
import { REDIS_COMMAND_BUDGET_MS } from './redis.js';
import type { RedisClient } from './redis.js';

/** So many failures in a row, each at most one command budget long, and Redis counts as away. */
const FAILURES_TO_OPEN = 3;
/** After this long one call may try again, the others still do without. */
const HALF_OPEN_AFTER_MS = 500;
/** So that an outage and its end are noticed without traffic, within a second. */
const PROBE_EVERY_MS = 250;

/** Replies by which a server says that it cannot serve now, as opposed to: not this command. */
const NOT_NOW = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|OOM|BUSY|MISCONF)\b/;

/** Whether Redis is away, as opposed to refusing a command or our own code failing. */
export function isRedisUnavailable(error: unknown): boolean {
  if (error instanceof BrokenCircuitError) return true;
  if (error instanceof ReplyError) return NOT_NOW.test((error as Error).message);
  const ours = [TypeError, RangeError, SyntaxError, ReferenceError];
  return error instanceof Error && !ours.some((kind) => error instanceof kind);
}

export class RedisGate {
  private readonly breaker: CircuitBreakerPolicy;
  private readonly fallbacks = counter('num_redis_fallback_total');
  private readonly up = gauge('num_redis_up');
  private readonly listeners: ((isUp: boolean) => void)[] = [];
  private probing: NodeJS.Timeout | undefined;
  private lastKnownUp = true;

  constructor(
    private readonly client: RedisClient,
    private readonly log: Log,
  ) {
    this.breaker = circuitBreaker(handleWhen(isRedisUnavailable), {
      breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
      halfOpenAfter: HALF_OPEN_AFTER_MS,
    });
    this.breaker.onBreak((why) => this.became(false, 'error' in why ? why.error : undefined));
    this.breaker.onReset(() => this.became(true));
    this.up.set(1);
  }

  /** Whether the last calls came through. */
  get isUp(): boolean {
    return this.lastKnownUp;
  }

  /**
   * Runs calls on Redis. Throws `StoreUnavailable('redis')` when it does not answer, at once while
   * it is known not to; other errors pass as they are. A pipeline tells its failures in its
   * result, not by rejecting: look there and throw.
   * @param budgetMs for all of it
   */
  async run<T>(
    call: (redis: RedisClient) => Promise<T>,
    budgetMs = REDIS_COMMAND_BUDGET_MS,
  ): Promise<T> {
    try {
      return await this.breaker.execute(() => withinMs(budgetMs, call(this.client)));
    } catch (error) {
      if (!isRedisUnavailable(error)) throw error;
      this.fallbacks.inc();
      throw new StoreUnavailable('redis', error);
    }
  }

  /** Told on each change, never for each call. */
  onStateChange(listener: (isUp: boolean) => void): void {
    this.listeners.push(listener);
  }

  /** Probes on a period until `stop`. */
  start(): void {
    this.probing ??= setInterval(() => void this.probe(), PROBE_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.probing);
    this.probing = undefined;
  }

  private async probe(): Promise<void> {
    // Not by `run`: nobody goes without Redis because of a probe, so it is no fallback.
    const ping = () => withinMs(REDIS_COMMAND_BUDGET_MS, this.client.ping());
    await this.breaker.execute(ping).catch(() => undefined);
  }

  private became(isUp: boolean, err?: unknown): void {
    if (isUp === this.lastKnownUp) return; // A failed half-open try breaks the circuit again.
    this.lastKnownUp = isUp;
    this.up.set(isUp ? 1 : 0);
    if (isUp) this.log.info('Redis is back; calls go to it again');
    else this.log.error({ err }, 'Redis is away; calls go on without it');
    for (const listener of this.listeners) listener(isUp);
  }
}
