import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { isPostgresUnavailable, StoreUnavailable, type Log } from '@numbering/platform';

/** So many failures in a row, and Postgres counts as away. */
const FAILURES_TO_OPEN = 3;
/** After this long one read may try again; the others fail at once meanwhile. */
const HALF_OPEN_AFTER_MS = 250;

/**
 * A circuit breaker around Postgres: a frozen one costs a few slow calls, and then every caller
 * learns at once that nothing can be said. Throws `StoreUnavailable('postgres')`; other errors
 * pass as they are.
 */
export class PostgresGate {
  private isUp = true;
  private readonly breaker = circuitBreaker(handleWhen(isPostgresUnavailable), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: HALF_OPEN_AFTER_MS,
  });

  constructor(private readonly log: Log) {
    this.breaker.onReset(() => this.became(true));
    this.breaker.onBreak((why) => this.became(false, 'error' in why ? why.error : undefined));
  }

  async run<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await this.breaker.execute(read);
    } catch (error) {
      const isAway = error instanceof BrokenCircuitError || isPostgresUnavailable(error);
      throw isAway ? new StoreUnavailable('postgres', error) : error;
    }
  }

  private became(isUp: boolean, err?: unknown): void {
    if (isUp === this.isUp) return; // A failed half-open try breaks the circuit again.
    this.isUp = isUp;
    if (isUp) this.log.info('Postgres is back');
    else
      this.log.error({ err }, 'Postgres is away; only what a young heartbeat vouches for counts');
  }
}
