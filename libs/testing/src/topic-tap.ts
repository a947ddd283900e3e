import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { eventually } from './eventually';

export interface TappedEvent {
  topic: string;
  key: string;
  id: string;
  type: string;
  data: Record<string, unknown> & { identifierVersion?: number };
}

/** Listens to topics from where they end when it opens. */
export class TopicTap {
  readonly events: TappedEvent[] = [];
  private consumer: Consumer | undefined;

  async open(brokers: string, topics: string[]): Promise<void> {
    const kafka = new Kafka({
      clientId: 'tap',
      brokers: brokers.split(','),
      logLevel: logLevel.NOTHING,
    });
    const admin = kafka.admin();
    await admin.connect();
    const ends: { topic: string; partition: number; offset: string }[] = [];
    for (const topic of topics) {
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
        ends.push({ topic, partition, offset: high });
      }
    }
    await admin.disconnect();
    const consumer = kafka.consumer({ groupId: `tap-${randomUUID()}`, maxWaitTimeInMs: 50 });
    this.consumer = consumer;
    await consumer.connect();
    await consumer.subscribe({ topics });
    // Each time: where a busy machine has lost us our place in the group, what was said meanwhile is heard again.
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, () => {
        for (const end of ends) consumer.seek(end);
        resolve();
      });
    });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, message }) => {
        const event = JSON.parse(message.value?.toString() ?? '{}') as TappedEvent;
        this.events.push({ ...event, topic, key: message.key?.toString() ?? '' });
      },
    });
    await joined;
  }

  /** The key's events without repeats, once there are this many. */
  of(key: string, count: number): Promise<TappedEvent[]> {
    return eventually(
      () => {
        const once = new Map(this.events.filter((e) => e.key === key).map((e) => [e.id, e]));
        if (once.size < count) throw new Error(`${once.size} of ${count} events of ${key}`);
        return [...once.values()];
      },
      { withinMs: 10_000 },
    );
  }

  async close(): Promise<void> {
    await this.consumer?.disconnect();
  }
}
