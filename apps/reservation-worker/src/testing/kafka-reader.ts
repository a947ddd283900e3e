import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { serverUrl } from '@numbering/testing';
import { Kafka, logLevel, type IHeaders, type ISocketFactory } from 'kafkajs';

export const brokersOfTest = (): string[] => serverUrl('TEST_KAFKA_BROKERS', 'Kafka').split(',');

export interface ReadMessage {
  topic: string;
  partition: number;
  offset: string;
  key: string;
  value: Buffer;
  headers: IHeaders;
}

/** A consumer beside ours: it keeps what has a key of this test, in the order of each partition. */
export interface TopicReader {
  messages: ReadMessage[];
  close: () => Promise<void>;
}

export async function readTopics(
  topics: readonly string[],
  isOurs: (key: string) => boolean,
): Promise<TopicReader> {
  const kafka = new Kafka({ brokers: brokersOfTest(), logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `test-${randomUUID()}` });
  const messages: ReadMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const key = message.key?.toString() ?? '';
      if (!isOurs(key)) return;
      messages.push({
        topic,
        partition,
        offset: message.offset,
        key,
        value: message.value ?? Buffer.alloc(0),
        headers: message.headers ?? {},
      });
    },
  });
  return { messages, close: () => consumer.disconnect() };
}

/** A way to the broker that a test can cut and mend. */
export class Line {
  private readonly sockets = new Set<ReturnType<typeof connect>>();
  private isCut = false;

  readonly socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    // Nothing listens on port 1: a cut line refuses at once.
    const socket = connect({ host, port: this.isCut ? 1 : port }, onConnect);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  };

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy(new Error('read ECONNRESET'));
  }

  mend(): void {
    this.isCut = false;
  }
}
