// The loop behind "every change is seen by every validator within a second": a pass tells them of
// each committed change, also of one whose writer died right after its commit, and then says by a
// heartbeat up to when all is told. Validators trust what they remember only while that is young.
// It needs neither Kafka nor the relay, and no leader: two evictors do no harm to each other.
import { EvictionPass, EvictionStore } from '@numbering/persistence';
import { sleepMs, withinMs, type Log, type RedisClient } from '@numbering/platform';

/** From the end of one pass to the start of the next. */
const PASS_EVERY_MS = 20;
/** After a failed pass: a store that is away is not asked fifty times a second. */
const PASS_AFTER_FAILURE_MS = 100;
/** How long `stop` waits for the pass under way. */
const STOP_LIMIT_MS = 2_000;

/** One evictor of a process, over a patient Redis client that whoever made it closes. */
export class Evictor {
  private readonly pass: EvictionPass;
  private running: Promise<void> | undefined;
  private stopping = new AbortController();
  private isFailing = false;

  constructor(
    store: EvictionStore,
    redis: RedisClient,
    private readonly log: Log,
  ) {
    this.pass = new EvictionPass(store, redis);
  }

  start(): void {
    if (this.running) return;
    this.stopping = new AbortController();
    this.running = this.loop(this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await withinMs(STOP_LIMIT_MS, this.running ?? Promise.resolve()).catch(() => undefined);
    this.running = undefined;
  }

  private async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isDone = await this.pass.run().then(
        () => this.succeeded(),
        (error: unknown) => this.failed(error),
      );
      const pauseMs = isDone ? PASS_EVERY_MS : PASS_AFTER_FAILURE_MS;
      await sleepMs(pauseMs, signal).catch(() => undefined);
    }
  }

  private succeeded(): true {
    if (this.isFailing) this.log.info('evictions go out again');
    this.isFailing = false;
    return true;
  }

  /** One line an outage. */
  private failed(error: unknown): false {
    if (!this.isFailing) {
      this.log.error({ err: error }, 'no heartbeat: validators answer from Postgres meanwhile');
    }
    this.isFailing = true;
    return false;
  }
}
