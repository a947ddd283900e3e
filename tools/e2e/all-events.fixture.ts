import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

export interface ReadMessage {
  topic: string;
  key: string | undefined;
  headers: Record<string, string>;
  value: string;
}

const kafkaAt = (brokers: string): Kafka =>
  new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });

export async function existingTopics(brokers: string): Promise<string[]> {
  const admin = kafkaAt(brokers).admin();
  await admin.connect();
  try {
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

/** Every message of these topics, from their beginnings to where they end now. */
export async function allMessages(
  brokers: string,
  topics: readonly string[],
): Promise<ReadMessage[]> {
  const kafka = kafkaAt(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const unread = new Map<string, number>();
  for (const topic of topics) {
    for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
      if (Number(high) > Number(low)) unread.set(`${topic}:${partition}`, Number(high));
    }
  }
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: `all-${randomUUID()}`, maxWaitTimeInMs: 50 });
  const read: ReadMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const take = ({ topic, partition, message }: Parameters<Take>[0]) => {
      const { key, headers, value, offset } = message;
      const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]);
      read.push({
        ...{ topic, key: key?.toString(), value: String(value) },
        headers: Object.fromEntries(texts) as Record<string, string>,
      });
      const place = `${topic}:${partition}`;
      if (Number(offset) + 1 >= (unread.get(place) ?? 0)) unread.delete(place);
      if (unread.size === 0) resolve();
    };
    if (unread.size === 0) resolve();
    const run = { autoCommit: false, eachMessage: async (each: Parameters<Take>[0]) => take(each) };
    consumer.run(run).catch(reject);
  });
  await consumer.disconnect();
  return read;
}

type Take = NonNullable<
  NonNullable<Parameters<ReturnType<Kafka['consumer']>['run']>[0]>['eachMessage']
>;
