import { CONSUMED_TOPICS, PUBLISHED_TOPICS } from '@numbering/contracts';
import {
  deadLetterTopic,
  ensureTopics,
  sleepMs,
  withinMs,
  type Log,
  type Topic,
} from '@numbering/platform';
import type { Admin, Kafka } from 'kafkajs';
import { backoffMs, OutageLog } from './outage-log';

const ENSURE_TIMEOUT_MS = 20_000;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;
/** A broker may come back without what it knew. */
const LOOK_AGAIN_EVERY_MS = 30_000;
const DEAD_LETTER_PARTITIONS = 1;

/** Every topic this service writes or reads, and where it puts what it cannot read. */
export const ALL_TOPICS: readonly Topic[] = [
  ...Object.entries({ ...PUBLISHED_TOPICS, ...CONSUMED_TOPICS }).map(([name, partitions]) => ({
    name,
    partitions,
  })),
  ...Object.keys(CONSUMED_TOPICS).map((name) => ({
    name: deadLetterTopic(name),
    partitions: DEAD_LETTER_PARTITIONS,
  })),
];

/** Whether the topics are there: not yet known, made or found, or no broker to ask. */
type TopicState = 'LOOKING' | 'THERE' | 'AWAY';

/** Sees to it that every topic exists, whenever Kafka comes. */
export class KafkaTopics {
  private readonly stopping = new AbortController();
  private readonly outage: OutageLog;
  private state: TopicState;
  private loop: Promise<void> = Promise.resolve();
  private readonly onThere: (() => void)[] = [];

  constructor(
    private readonly kafka: Kafka | undefined,
    log: Log,
  ) {
    this.state = kafka ? 'LOOKING' : 'AWAY';
    this.outage = new OutageLog(log, 'the look for the topics of Kafka');
  }

  get areThere(): boolean {
    return this.state === 'THERE';
  }

  /** Whether Kafka may be there without its topics: nobody should count on this process yet. */
  get areMissing(): boolean {
    return this.state === 'LOOKING';
  }

  /** Called once, when the topics are there. */
  onceThere(listener: () => void): void {
    this.onThere.push(listener);
  }

  start(): void {
    if (this.kafka) this.loop = this.keepLooking(this.kafka);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async keepLooking(kafka: Kafka): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const admin = kafka.admin();
      try {
        await withinMs(ENSURE_TIMEOUT_MS, this.look(admin));
        this.state = 'THERE';
        for (const listener of this.onThere.splice(0)) listener();
        this.outage.worked();
      } catch (error) {
        if (this.state === 'LOOKING') this.state = 'AWAY';
        this.outage.failed(error);
      } finally {
        await admin.disconnect().catch(() => undefined);
      }
      const { failures } = this.outage;
      const pauseMs =
        failures > 0 ? backoffMs(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS) : LOOK_AGAIN_EVERY_MS;
      await sleepMs(pauseMs, signal).catch(() => undefined);
    }
  }

  private async look(admin: Admin): Promise<void> {
    await admin.connect();
    if (this.state === 'AWAY') this.state = 'LOOKING';
    await ensureTopics(admin, ALL_TOPICS);
  }
}
