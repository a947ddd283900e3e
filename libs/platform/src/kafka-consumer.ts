import type { Consumer, EachMessagePayload, IHeaders, Kafka } from 'kafkajs';
import { sleepMs } from './clock.js';
import { StoreUnavailable, isPostgresUnavailable } from './errors.js';
import { KAFKA_RETRY, deadLetterTopic } from './kafka.js';
import type { EventProducer } from './kafka-producer.js';
import type { Log } from './log.js';
import { counter } from './metrics.js';

export type InboundMessage = Readonly<{
  topic: string;
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: IHeaders;
  /** Kafka's own timestamp, Unix milliseconds. */
  timestampMs: number;
}>;

/** Thrown by a handler whose store is away: the message is handled again, and not skipped. */
export class RetryLater extends Error {
  constructor(cause?: unknown) {
    super('the message is to be handled again later', { cause });
    this.name = 'RetryLater';
  }
}

/** Thrown by a handler that can make nothing of a message: it goes to the dead letter topic. */
export class UnreadableMessage extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = 'UnreadableMessage';
  }
}

export type ConsumerOptions = {
  groupId: string;
  topics: readonly string[];
  handle: (message: InboundMessage) => Promise<void>;
  deadLetter: Pick<EventProducer, 'send'>;
  log: Log;
};

export type RunningConsumer = { isUp(): boolean; stop(): Promise<void> };

const RETRY_FIRST_MS = 100;
/** Well below the session timeout, so that a waiting consumer keeps its partitions. */
const RETRY_LONGEST_MS = 2_000;
const SESSION_TIMEOUT_MS = 30_000;
/** How long a broker may hold an empty answer back; a stop waits for it. */
const FETCH_WAIT_MS = 500;
const RECONNECT_FIRST_MS = 250;
const RECONNECT_LONGEST_MS = 5_000;
/** A handler that fails for no store's sake fails for the message's: so many tries, then aside. */
const MAX_TRIES_OF_A_FAILING_HANDLER = 5;
const MAX_REASON_CHARS = 200;

/**
 * Reads topics from the beginning of what the group has not read, one message after the other,
 * and goes on looking for Kafka while it is away. Returns at once.
 */
export function runConsumer(kafka: Kafka, options: ConsumerOptions): RunningConsumer {
  const consumer = new SteadyConsumer(kafka, options);
  const loop = consumer.keepRunning();
  return {
    isUp: () => consumer.isUp,
    stop: async () => {
      consumer.stopping.abort();
      await loop;
    },
  };
}

class SteadyConsumer {
  readonly stopping = new AbortController();
  isUp = false;
  private readonly deadLettered = counter('num_events_dead_lettered_total');

  constructor(
    private readonly kafka: Kafka,
    private readonly options: ConsumerOptions,
  ) {}

  async keepRunning(): Promise<void> {
    const { signal } = this.stopping;
    const { log, groupId } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.runUntilCrash(() => {
          failures = 0;
        });
      } catch (error) {
        if (failures === 0) log.warn({ err: error, groupId }, 'the consumer lost Kafka');
        failures++;
      }
      this.isUp = false;
      const pauseMs = Math.min(RECONNECT_FIRST_MS * 2 ** failures, RECONNECT_LONGEST_MS);
      await sleepMs(pauseMs, signal).catch(() => undefined);
    }
  }

  private async runUntilCrash(onJoined: () => void): Promise<void> {
    const { groupId, topics } = this.options;
    const { signal } = this.stopping;
    const consumer = this.kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      // It would restart inside kafkajs, where nobody sees it: the loop above does that.
      retry: { ...KAFKA_RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      const ended = this.endOf(consumer, signal);
      consumer.on(consumer.events.GROUP_JOIN, () => {
        this.isUp = true;
        onJoined();
      });
      await consumer.run({ eachMessage: (payload) => this.take(payload) });
      await ended;
    } finally {
      await consumer.disconnect().catch(() => undefined);
    }
  }

  private endOf(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    promise.catch(() => undefined); // Awaited only once the consumer runs.
    return promise;
  }

  /** Handles one message for as long as it takes; returns only when it is done with. */
  private async take({ topic, partition, message, heartbeat }: EachMessagePayload): Promise<void> {
    const inbound: InboundMessage = {
      topic,
      partition,
      offset: message.offset,
      key: message.key,
      value: message.value,
      headers: message.headers ?? {},
      timestampMs: Number(message.timestamp),
    };
    const { signal } = this.stopping;
    for (let tries = 1; ; tries++) {
      const failure = await this.handleOnce(inbound, tries);
      if (!failure) return;
      const pauseMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(tries, 10), RETRY_LONGEST_MS);
      await sleepMs(pauseMs, signal); // Throws when stopping: the offset stays uncommitted.
      await heartbeat();
    }
  }

  /** What keeps the message from being done with; undefined when it is. */
  private async handleOnce(message: InboundMessage, tries: number): Promise<unknown> {
    const { handle, log } = this.options;
    const { topic, partition, offset } = message;
    try {
      await handle(message);
      return undefined;
    } catch (error) {
      const isUnreadable = error instanceof UnreadableMessage;
      if (!isUnreadable && (isStoresFault(error) || tries < MAX_TRIES_OF_A_FAILING_HANDLER)) {
        if (tries === 1) log.warn({ err: error, topic, partition, offset }, 'tried again later');
        return error;
      }
      log.error({ err: error, topic, partition, offset }, 'sent to the dead letter topic');
      return await this.setAside(message, isUnreadable ? error.reason : 'the handler failed');
    }
  }

  private async setAside(message: InboundMessage, reason: string): Promise<unknown> {
    const { topic, partition, offset, key, value, headers } = message;
    const added = {
      reason: reason.slice(0, MAX_REASON_CHARS),
      topic,
      partition: String(partition),
      offset,
    };
    try {
      await this.options.deadLetter.send([
        { topic: deadLetterTopic(topic), key, value, headers: { ...headers, ...added } },
      ]);
      this.deadLettered.inc({ topic });
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

const isStoresFault = (error: unknown): boolean =>
  error instanceof RetryLater || error instanceof StoreUnavailable || isPostgresUnavailable(error);
