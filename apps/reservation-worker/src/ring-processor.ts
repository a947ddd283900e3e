import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnModuleDestroy } from '@nestjs/common';
import { NumberStore, RELEASE_QUEUE, type RingJob } from '@numbering/persistence';
import {
  isRedisUnavailable,
  monotonicMs,
  RedisGate,
  wallClockMs,
  withinMs,
  type Log,
} from '@numbering/platform';
import { DelayedError, Queue, type Job } from 'bullmq';
import { DataSource } from 'typeorm';
import { ScheduleRunner } from './schedule-runner';
import { LOG } from './tokens';

const SECOND_MS = 1_000;
/** Re-armed by less than this it would ring before anything more is due. */
const SHORTEST_REARM_MS = 5;
/** How long BullMQ may sleep in one blocking read, in seconds. */
const BLOCKING_READ_SECONDS = 1;
const RETRY_MAIN_LOOP_MS = 1_000;
const CLOSE_LIMIT_MS = 2_000;

/**
 * The BullMQ alarm: one delayed job for each second in which a claim ends, due at the second's
 * beginning. It rings, and is armed again while something is due later in its second, or where it
 * rang early because this machine's clock runs ahead of the database's.
 */
@Processor(RELEASE_QUEUE.name, {
  drainDelay: BLOCKING_READ_SECONDS,
  runRetryDelay: RETRY_MAIN_LOOP_MS,
})
export class RingProcessor extends WorkerHost implements OnModuleDestroy {
  constructor(
    private readonly schedule: ScheduleRunner,
    private readonly numbers: NumberStore,
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly redis: RedisGate,
    @Inject(LOG) private readonly log: Log,
    @InjectQueue(RELEASE_QUEUE.name) queue: Queue,
  ) {
    super();
    queue.on('error', (error) => this.onError(error));
  }

  async process(job: Job<RingJob>, token?: string): Promise<void> {
    const beginsInMs = await this.msUntil(job.data.second);
    const askedAtMs = monotonicMs();
    const status = await this.schedule.releases.ring('bullmq');
    const endsInMs = beginsInMs + SECOND_MS - (monotonicMs() - askedAtMs);
    const nextInMs = beginsInMs > 0 ? beginsInMs : status?.nextDueInMs;
    if (nextInMs === undefined || nextInMs > endsInMs) return;
    await job.moveToDelayed(wallClockMs() + Math.max(nextInMs, SHORTEST_REARM_MS), token);
    throw new DelayedError();
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    if (!isRedisUnavailable(error)) this.log.warn({ err: error }, 'the BullMQ alarm fails');
  }

  /** Without Redis BullMQ would wait for it: it is cut off then, and loses nothing. */
  async onModuleDestroy(): Promise<void> {
    await withinMs(CLOSE_LIMIT_MS, this.worker.close(!this.redis.isUp)).catch(() => undefined);
  }

  /** By the database's clock. Where that cannot be asked, the ring itself tries until it can. */
  private async msUntil(second: number): Promise<number> {
    try {
      const now = await this.numbers.databaseTime(this.dataSource.manager);
      return second * SECOND_MS - now.getTime();
    } catch {
      return 0;
    }
  }
}
