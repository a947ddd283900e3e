import { Partitioners } from 'kafkajs';
import type { Admin, IHeaders, Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import { sleepMs, withinMs } from './clock.js';
import { StoreUnavailable } from './errors.js';
import { KAFKA_RETRY } from './kafka.js';
import type { Log } from './log.js';
import { gauge } from './metrics.js';

export type OutboundMessage = {
  topic: string;
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers?: IHeaders;
};

/** Kafka is there and will not have these messages, now or later (one too large, for example). */
export class MessagesRefused extends Error {
  constructor(cause: unknown) {
    super('Kafka refuses these messages', { cause });
    this.name = 'MessagesRefused';
  }
}

/**
 * Answers of a broker that are about the message itself: another try will not change them. A missing right is not among
 * them: it is mended at the broker, and everything waits until then.
 */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
]);
const MAX_CAUSES = 5;

const ACKS_OF_ALL_REPLICAS = -1;
/** How often an idle producer looks whether Kafka is still there. */
const PROBE_EVERY_MS = 2_000;
const PROBE_TIMEOUT_MS = 3_000;
const RECONNECT_FIRST_MS = 250;
const RECONNECT_LONGEST_MS = 5_000;

/**
 * Sends events with the acknowledgement of all replicas, each batch after the one before. Kafka
 * may be away at the start and at any time later: it is looked for in the background.
 *
 * After a send without an answer the producer is thrown away: the broker may have the batch, and
 * the same producer would give its sequence numbers to the next one, which the broker would then
 * take for a repeat and drop. A new producer can at worst double an event, which has its id.
 */
export class EventProducer {
  private readonly upGauge = gauge('num_kafka_up');
  private readonly stopping = new AbortController();
  private admin: Admin | undefined;
  private producer: Producer | undefined;
  private up = false;
  private downLogged = false;
  /** Ends the pause of the loop, so that a new producer comes at once. */
  private wake = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly kafka: Kafka | undefined,
    private readonly log: Log,
  ) {
    this.upGauge.set(0);
  }

  /** Begins to look for Kafka; returns at once. */
  start(): void {
    if (this.kafka) this.loop = this.keepUp(this.kafka);
  }

  /** Whether Kafka answered when last asked. */
  isUp(): boolean {
    return this.up;
  }

  /**
   * Resolves when all replicas have all messages. Throws `StoreUnavailable('kafka')` when that is
   * not known (some may have arrived), `MessagesRefused` when Kafka will not have one of them.
   */
  async send(messages: readonly OutboundMessage[]): Promise<void> {
    const sent = this.tail.then(() => this.sendNow(messages));
    this.tail = sent.catch(() => undefined);
    await sent;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.loop, this.tail]);
    await this.drop();
    await this.admin?.disconnect().catch(() => undefined);
  }

  private async sendNow(messages: readonly OutboundMessage[]): Promise<void> {
    if (!this.up || !this.producer) throw new StoreUnavailable('kafka');
    try {
      await this.producer.sendBatch({
        acks: ACKS_OF_ALL_REPLICAS,
        topicMessages: byTopic(messages),
      });
    } catch (error) {
      await this.drop();
      this.wake.abort();
      if (isRefusal(error, MAX_CAUSES)) throw new MessagesRefused(error);
      this.became(false, error);
      throw new StoreUnavailable('kafka', error);
    }
  }

  private async keepUp(kafka: Kafka): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.connect(kafka);
        failures = 0;
      } catch (error) {
        this.became(false, error);
        failures++;
      }
      const retryMs = Math.min(RECONNECT_FIRST_MS * 2 ** failures, RECONNECT_LONGEST_MS);
      this.wake = new AbortController();
      const ends = AbortSignal.any([signal, this.wake.signal]);
      await sleepMs(this.up ? PROBE_EVERY_MS : retryMs, ends).catch(() => undefined);
    }
  }

  private async connect(kafka: Kafka): Promise<void> {
    this.admin ??= kafka.admin();
    await this.admin.connect();
    await withinMs(PROBE_TIMEOUT_MS, this.admin.describeCluster());
    if (!this.producer) {
      const producer = kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: KAFKA_RETRY,
      });
      await producer.connect();
      this.producer = producer;
    }
    this.became(true);
  }

  private async drop(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    this.up = false;
    await producer?.disconnect().catch(() => undefined);
  }

  /** Logs each change once. */
  private became(isUp: boolean, error?: unknown): void {
    this.up = isUp;
    this.upGauge.set(isUp ? 1 : 0);
    if (!isUp && !this.downLogged) {
      this.log.warn({ err: error }, 'Kafka does not answer; events wait in the outbox');
    }
    if (isUp && this.downLogged) this.log.info('Kafka answers again');
    this.downLogged = !isUp;
  }
}

function byTopic(messages: readonly OutboundMessage[]): TopicMessages[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, key, value, headers } of messages) {
    const ofTopic = topics.get(topic) ?? [];
    ofTopic.push({ key, value, headers });
    topics.set(topic, ofTopic);
  }
  return [...topics].map(([topic, ofTopic]) => ({ topic, messages: ofTopic }));
}

function isRefusal(error: unknown, causesLeft: number): boolean {
  if (typeof error !== 'object' || error === null || causesLeft === 0) return false;
  const { type, cause, errors } = error as { type?: unknown; cause?: unknown; errors?: unknown };
  if (typeof type === 'string' && REFUSALS.has(type)) return true;
  const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return inner.some((each) => isRefusal(each, causesLeft - 1));
}
