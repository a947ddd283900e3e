import { Queue } from 'bullmq';
import {
  REDIS_COMMAND_BUDGET_MS,
  isRedisUnavailable,
  patientRedis,
  processLog,
  StoreUnavailable,
  withinMs,
  type Config,
  type Log,
  type RedisClient,
  type RedisGate,
} from '@numbering/platform';
import type { LiveClaim } from './due.store';
import { MissedAlarms } from './missed-alarms';

export const CLAIM_KEY_PREFIX = 'num:reserve:';
/** The story's key (US-NUM-008), with the identifier as the service answers it. */
export const claimKey = (identifier: string): string => `${CLAIM_KEY_PREFIX}${identifier}`;

/** One job for each second in which a claim ends; braces keep its keys on one node of a cluster. */
export const RELEASE_QUEUE = { name: 'release-claims', prefix: '{num:bull}' } as const;
/** BullMQ takes no whole number for an id. */
export const ringJobId = (second: number): string => `second-${second}`;
export interface RingJob {
  /** Unix seconds by the database's clock. */
  second: number;
}

export interface ClaimAlarmChanges {
  set: readonly LiveClaim[];
  clear: readonly Pick<LiveClaim, 'identifier' | 'leaseId'>[];
}

/** A late clear for an old claim leaves the key of a new one alone. */
const DELETE_IF_SAME = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const SECOND_MS = 1_000;
/** Seconds a process remembers to have a job: claims of one TTL end in few of them. */
const MAX_REMEMBERED_SECONDS = 1_000;

/**
 * The alarm clocks of reservations and holds (ruling 35): a key whose TTL is the claim's, and a
 * delayed job. Written after the commit, best effort: a lost alarm makes a release later, never
 * wrong, because poll and sweep ask Postgres, which alone knows what is due.
 */
export class ClaimAlarms {
  private readonly log: Log;
  private readonly armedSeconds = new Set<number>();
  private readonly missed: MissedAlarms;
  private queue: Queue<RingJob> | undefined;
  private queueRedis: RedisClient | undefined;
  private failureLogged = false;

  constructor(
    private readonly config: Config,
    private readonly gate: RedisGate,
  ) {
    this.log = processLog(config);
    this.missed = new MissedAlarms(gate);
    // A Redis that was away may have come back empty.
    gate.onStateChange(() => this.armedSeconds.clear());
    // Opened early: the first claim would find the connection still on its way.
    if (config.releaseAlarms.has('bullmq')) this.openQueue();
  }

  /** Sets and clears in one round trip. Never throws: a failure is logged once an outage, and made up for after it. */
  async apply(changes: ClaimAlarmChanges): Promise<void> {
    try {
      await Promise.all([this.applyKeys(changes), this.armSeconds(changes.set)]);
      this.failureLogged = false;
    } catch (error) {
      this.missed.add([...changes.set, ...changes.clear].map(({ identifier }) => identifier));
      const known = error instanceof StoreUnavailable; // The gate logs the outage itself.
      if (!known && !this.failureLogged) {
        this.log.warn({ err: error }, 'alarms of claims are not set; poll and sweep release them');
        this.failureLogged = true;
      }
    }
  }

  /**
   * Sets and clears as `apply` does, after an outage or a Redis that came back empty or with what it knew before.
   * @param redis a connection that waits: many keys take longer than a request may
   * @throws where Redis does not take them; what is there by then may stay
   */
  async rearm(redis: RedisClient, changes: ClaimAlarmChanges): Promise<void> {
    if (this.config.releaseAlarms.has('redis')) await writeKeys(redis, changes);
    const jobs = new Map(changes.set.map((claim) => [secondOf(claim.expiresAt), claim]));
    await this.queue?.addBulk(
      [...jobs].map(([second, { expiresAt, ttlMs }]) =>
        ringJob(second, msUntilSecond(second, expiresAt.getTime() - ttlMs)),
      ),
    );
  }

  async close(): Promise<void> {
    this.missed.close();
    // Without its connection first, the queue would wait for a Redis that is away.
    this.queueRedis?.disconnect();
    await this.queue?.close().catch(() => undefined);
  }

  private async applyKeys(changes: ClaimAlarmChanges): Promise<void> {
    if (!this.config.releaseAlarms.has('redis')) return;
    if (changes.set.length + changes.clear.length === 0) return;
    await this.gate.run((redis) => writeKeys(redis, changes));
  }

  private async armSeconds(set: ClaimAlarmChanges['set']): Promise<void> {
    if (!this.queue || set.length === 0) return;
    if (this.queueRedis?.status !== 'ready' || !this.gate.isUp) throw new StoreUnavailable('redis');
    const jobs = new Map<number, number>();
    for (const { expiresAt, ttlMs } of set) {
      const second = secondOf(expiresAt);
      const inMs = msUntilSecond(second, expiresAt.getTime() - ttlMs);
      if (!this.armedSeconds.has(second)) jobs.set(second, inMs);
    }
    if (jobs.size === 0) return;
    const added = this.queue.addBulk([...jobs].map(([second, inMs]) => ringJob(second, inMs)));
    added.catch(() => undefined); // It may fail after nobody waits for it any more.
    await withinMs(REDIS_COMMAND_BUDGET_MS, added);
    for (const second of jobs.keys()) this.armedSeconds.add(second);
    while (this.armedSeconds.size > MAX_REMEMBERED_SECONDS) {
      const [oldest = 0] = this.armedSeconds;
      this.armedSeconds.delete(oldest);
    }
  }

  private openQueue(): void {
    this.queueRedis = patientRedis(this.config);
    this.queue = new Queue<RingJob>(RELEASE_QUEUE.name, {
      connection: this.queueRedis,
      prefix: RELEASE_QUEUE.prefix,
    });
    this.queue.on('error', (error) => {
      if (!isRedisUnavailable(error)) this.log.warn({ err: error }, 'the queue of alarms fails');
    });
  }
}

/** Commands of one turn leave in one write: a pipeline would not span a cluster's nodes. */
const writeKeys = (redis: RedisClient, { set, clear }: ClaimAlarmChanges): Promise<unknown> =>
  Promise.all([
    ...clear.map(({ identifier, leaseId }) =>
      redis.eval(DELETE_IF_SAME, 1, claimKey(identifier), leaseId),
    ),
    ...set
      .filter(({ ttlMs }) => ttlMs >= 1) // Already over: Redis refuses such a TTL.
      .map(({ identifier, leaseId, ttlMs }) =>
        redis.set(claimKey(identifier), leaseId, 'PX', Math.round(ttlMs)),
      ),
  ]);

const secondOf = (time: Date): number => Math.floor(time.getTime() / SECOND_MS);

const msUntilSecond = (second: number, nowMs: number): number =>
  Math.max(0, Math.round(second * SECOND_MS - nowMs));

/** Due at the second's beginning, by the database's clock and not by this machine's. */
const ringJob = (second: number, delayMs: number) => ({
  name: 'ring',
  data: { second },
  opts: {
    jobId: ringJobId(second),
    timestamp: second * SECOND_MS - delayMs,
    delay: delayMs,
    removeOnComplete: true,
    removeOnFail: true,
  },
});
