import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:net';
import type { Admin, Kafka } from 'kafkajs';
import { loadConfig } from './config.js';
import type { Config } from './config.js';
import { StoreUnavailable } from './errors.js';
import { createKafka, deadLetterTopic, ensureTopics } from './kafka.js';
import { EventProducer, MessagesRefused } from './kafka-producer.js';
import { RetryLater, UnreadableMessage, runConsumer } from './kafka-consumer.js';
import type { ConsumerOptions, InboundMessage, RunningConsumer } from './kafka-consumer.js';
import { processLog } from './log.js';

const POLL_MS = 20;
jest.setTimeout(60_000);

/** Looks again and again until it is so; jest's limit bounds it. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function configWith(kafkaBrokers: string): Config {
  return loadConfig(
    {
      DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
      REDIS_URL: 'redis://127.0.0.1:6379',
      KAFKA_BROKERS: kafkaBrokers,
      LOG_LEVEL: 'silent',
    },
    'pool-monitor',
  );
}

function brokersOfTest(): string {
  const brokers = process.env['TEST_KAFKA_BROKERS'];
  if (!brokers) throw new Error('TEST_KAFKA_BROKERS is not set: these tests need a real Kafka');
  return brokers;
}

const texts = (messages: readonly InboundMessage[]): string[] =>
  messages.map((message) => message.value?.toString() ?? '');

describe('Kafka', () => {
  let config: Config;
  let kafka: Kafka;
  let admin: Admin;
  let producer: EventProducer;
  let topic: string;
  let consumers: RunningConsumer[];
  const made: string[] = [];

  beforeAll(async () => {
    config = configWith(brokersOfTest());
    kafka = createKafka(config) as Kafka;
    admin = kafka.admin();
    await admin.connect();
    producer = new EventProducer(kafka, processLog(config));
    producer.start();
    await until(() => producer.isUp());
  });

  afterAll(async () => {
    await producer.stop();
    // Not after each test: the producer would go on asking for topics that it has once used.
    await admin.deleteTopics({ topics: made });
    await admin.disconnect();
  });

  beforeEach(async () => {
    topic = `platform.test.${randomUUID()}`;
    consumers = [];
    made.push(topic, deadLetterTopic(topic));
    await ensureTopics(admin, [
      { name: topic, partitions: 3 },
      { name: deadLetterTopic(topic), partitions: 1 },
    ]);
  });

  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  });

  function consume(
    from: string,
    handle: ConsumerOptions['handle'],
    groupId = `group-${randomUUID()}`,
  ): RunningConsumer {
    const consumer = runConsumer(kafka, {
      groupId,
      topics: [from],
      handle,
      deadLetter: producer,
      log: processLog(config),
    });
    consumers.push(consumer);
    return consumer;
  }

  it('makes topics once, and leaves those alone that are there', async () => {
    await ensureTopics(admin, [{ name: topic, partitions: 7 }]);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    expect(topics[0]?.partitions).toHaveLength(3);
  });

  it('delivers in the order of each key, from the beginning', async () => {
    const sent = Array.from({ length: 300 }, (_, n) => ({
      topic,
      key: `key-${n % 7}`,
      value: String(n),
    }));
    await Promise.all([producer.send(sent.slice(0, 150)), producer.send(sent.slice(150))]);
    const got: InboundMessage[] = [];
    consume(topic, async (message) => void got.push(message));
    await until(() => got.length >= sent.length);
    for (let key = 0; key < 7; key++) {
      const ofKey = got.filter((message) => message.key?.toString() === `key-${key}`);
      const wanted = sent.filter((message) => message.key === `key-${key}`);
      expect(texts(ofKey)).toEqual(wanted.map((message) => message.value));
    }
    expect(got[0]?.timestampMs).toBeGreaterThan(1_700_000_000_000);
  });

  it('sets aside what cannot be read, its bytes as they came, and moves on', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x7b]);
    await producer.send([
      { topic, key: 'k', value: bytes, headers: { origin: 'test' } },
      { topic, key: 'k', value: 'fit' },
    ]);
    const got: string[] = [];
    consume(topic, async ({ value }) => {
      const text = value?.toString() ?? '';
      if (text !== 'fit') throw new UnreadableMessage('not JSON');
      got.push(text);
      return Promise.resolve();
    });
    const aside: InboundMessage[] = [];
    consume(deadLetterTopic(topic), async (message) => void aside.push(message));
    await until(() => got.length === 1 && aside.length === 1);
    const headers = Object.entries(aside[0]?.headers ?? {}).map(([k, v]) => [k, String(v)]);
    expect(Object.fromEntries(headers)).toEqual({
      origin: 'test',
      reason: 'not JSON',
      topic,
      partition: expect.stringMatching(/^[012]$/) as string,
      offset: '0',
    });
    expect(aside[0]?.value).toEqual(bytes);
    expect(aside[0]?.key?.toString()).toBe('k');
  });

  it('handles again what a store was away for, and skips nothing', async () => {
    await producer.send(['a', 'b'].map((value) => ({ topic, key: 'k', value })));
    const tries: string[] = [];
    const failures = [new RetryLater(), new StoreUnavailable('postgres'), new RetryLater()];
    consume(topic, async ({ value }) => {
      tries.push(String(value));
      const failure = failures.shift();
      return failure ? Promise.reject(failure) : Promise.resolve();
    });
    await until(() => tries.includes('b'));
    expect(tries).toEqual(['a', 'a', 'a', 'a', 'b']);
  });

  it('sets a message aside that its handler fails on again and again', async () => {
    await producer.send(['poison', 'fit'].map((value) => ({ topic, key: 'k', value })));
    const tries: string[] = [];
    consume(topic, async ({ value }) => {
      tries.push(String(value));
      if (String(value) === 'poison') throw new TypeError('a fault of ours');
      return Promise.resolve();
    });
    const aside: InboundMessage[] = [];
    consume(deadLetterTopic(topic), async (message) => void aside.push(message));
    await until(() => tries.includes('fit') && aside.length === 1);
    expect(tries).toEqual([...Array<string>(5).fill('poison'), 'fit']);
    expect(String(aside[0]?.headers['reason'])).toBe('the handler failed');
  });

  it('takes up where it stopped', async () => {
    const groupId = `group-${randomUUID()}`;
    const got: string[] = [];
    const handle = async ({ value }: InboundMessage): Promise<void> => void got.push(String(value));
    await producer.send([{ topic, key: 'k', value: 'first' }]);
    const consumer = consume(topic, handle, groupId);
    await until(() => got.length === 1);
    await consumer.stop();
    await producer.send([{ topic, key: 'k', value: 'second' }]);
    consume(topic, handle, groupId);
    await until(() => got.length === 2);
    expect(got).toEqual(['first', 'second']);
  });

  it('tells a refusal from an absence', async () => {
    const huge = { topic, key: 'k', value: 'x'.repeat(3 * 1024 * 1024) };
    await expect(producer.send([huge])).rejects.toThrow(MessagesRefused);
    await until(() => producer.isUp());
    await expect(producer.send([{ topic, key: 'k', value: 'fit' }])).resolves.toBeUndefined();
  });
});

/** A line to the broker that can be cut: connections are passed on while it is open. */
class Line {
  private open = false;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(target: { host: string; port: number }) {
    this.server = createServer((near) => {
      if (!this.open) return void near.destroy();
      const far = connect(target.port, target.host);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  connect(): void {
    this.open = true;
  }

  cut(): void {
    this.open = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('Kafka that is away at boot', () => {
  it('is found when it comes', async () => {
    const [host = '', port] = (brokersOfTest().split(',')[0] ?? '').split(':');
    const line = new Line({ host, port: Number(port) });
    const config = configWith(await line.listen());
    const log = processLog(config);
    const producer = new EventProducer(createKafka(config), log);
    producer.start();
    await expect(producer.send([])).rejects.toThrow(StoreUnavailable);
    expect(producer.isUp()).toBe(false);
    line.connect();
    await until(() => producer.isUp());
    await producer.stop();
    await line.close();
  });

  it('is never looked for where no broker is configured', async () => {
    const { KAFKA_BROKERS: _, ...env } = {
      KAFKA_BROKERS: '',
      DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
      REDIS_URL: 'redis://127.0.0.1:6379',
      LOG_LEVEL: 'silent',
    };
    const config = loadConfig(env, 'pool-monitor');
    const producer = new EventProducer(createKafka(config), processLog(config));
    producer.start();
    await expect(producer.send([])).rejects.toThrow(StoreUnavailable);
    await producer.stop();
  });
});
