import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Consumer } from 'kafkajs';

/** A message that somebody could not read, as its bytes are. */
export interface DeadLetter {
  value: Buffer;
  headers: Record<string, string>;
}

/** Reads a dead letter topic, whole. */
export class DeadLetters {
  private readonly byKey = new Map<string, DeadLetter[]>();
  private consumer: Consumer | undefined;

  async open(brokers: string, topic: string): Promise<void> {
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: `dead-${randomUUID()}`, maxWaitTimeInMs: 50 });
    this.consumer = consumer;
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        const key = String(message.key);
        const headers = Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
        );
        const letters = this.byKey.get(key) ?? [];
        this.byKey.set(key, [...letters, { value: message.value ?? Buffer.alloc(0), headers }]);
      },
    });
  }

  /** Of one key, one for each message that it stands for: where a place in a group is lost, some come again. */
  of(key: string): DeadLetter[] {
    const place = ({ headers }: DeadLetter) => `${headers.partition}:${headers.offset}`;
    const letters = this.byKey.get(key) ?? [];
    return [...new Map(letters.map((letter) => [place(letter), letter])).values()];
  }

  async close(): Promise<void> {
    await this.consumer?.disconnect();
  }
}
