import { randomUUID } from 'node:crypto';
import { appDataSource, LeaderStore, OutboxStore } from '@numbering/persistence';
import { createLog, EventProducer } from '@numbering/platform';
import { Kafka, logLevel } from 'kafkajs';
import type { DataSource, EntityManager } from 'typeorm';
import { KafkaTopics } from '../kafka-topics';
import { Leadership } from '../leadership';
import { OutboxRelay } from '../outbox-relay';
import { brokersOfTest, Line } from './kafka-reader';

export const TOPIC = 'numbering.reservation.held';
const log = createLog({ app: 'test', logLevel: 'silent' });

export const openSource = (databaseUrl: string): Promise<DataSource> =>
  appDataSource({
    databaseUrl,
    app: 'test',
    poolSize: 6,
    queryTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  }).initialize();

/** Stops everything that passes it until it is let go: what SIGSTOP does to a process. */
export class Freezer {
  private thaw: (() => void) | undefined;
  private frozen: Promise<void> = Promise.resolve();
  /** How many calls have run into it. */
  stuck = 0;

  freeze(): void {
    this.frozen = new Promise((resolve) => {
      this.thaw = resolve;
    });
  }

  letGo(): void {
    this.thaw?.();
    this.thaw = undefined;
  }

  async pass(): Promise<void> {
    if (this.thaw) this.stuck++;
    await this.frozen;
  }
}

class FreezingLeaderStore extends LeaderStore {
  constructor(private readonly freezer: Freezer) {
    super();
  }

  override async takeOrRenew(...args: Parameters<LeaderStore['takeOrRenew']>): Promise<boolean> {
    await this.freezer.pass();
    return super.takeOrRenew(...args);
  }
}

/** Freezes on the way to the broker: the batch is taken, and goes out when it is let go. */
class FreezingProducer extends EventProducer {
  freezer = new Freezer();

  override async send(...args: Parameters<EventProducer['send']>): Promise<void> {
    await this.freezer.pass();
    return super.send(...args);
  }
}

/** One process's relay, on connections of its own. */
export interface TestRelay {
  relay: OutboxRelay;
  leadership: Leadership;
  producer: EventProducer;
  freezer: Freezer;
  line: Line;
  stop: () => Promise<void>;
}

export async function startRelay(databaseUrl: string): Promise<TestRelay> {
  const line = new Line();
  const freezer = new Freezer();
  const source = await openSource(databaseUrl);
  const kafka = new Kafka({
    brokers: brokersOfTest(),
    socketFactory: line.socketFactory,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 2 },
  });
  const producer = new FreezingProducer(kafka, log);
  producer.freezer = freezer;
  const topics = new KafkaTopics(kafka, log);
  const leadership = new Leadership(source, new FreezingLeaderStore(freezer), log);
  const relay = new OutboxRelay(source, new OutboxStore(), leadership, producer, topics, log);
  producer.start();
  topics.start();
  relay.start();
  const stop = async (): Promise<void> => {
    freezer.letGo();
    await relay.stop();
    await topics.stop();
    await producer.stop();
    await source.destroy();
  };
  return { relay, leadership, producer, freezer, line, stop };
}

export interface SeedRow {
  key: string;
  version: number;
  /** Makes the event as large as this. */
  padBytes?: number;
  topic?: string;
}

/** As a writer does: event rows in one transaction, said to be a fixture's: no such event is promised. */
export async function writeEvents(manager: EntityManager, rows: readonly SeedRow[]): Promise<void> {
  const values = rows.map(({ key, version, padBytes = 0, topic = TOPIC }) => ({
    topic,
    key,
    version,
    event_id: randomUUID(),
    payload: {
      app: 'fixture',
      data: { identifier: key, identifierVersion: version, pad: 'x'.repeat(padBytes) },
    },
  }));
  await manager.query(
    `
    INSERT INTO numbering.outbox (topic, key, payload, subject, version, created_at, event_id)
    SELECT topic, key, payload, 'IDENTIFIER', version, clock_timestamp(), event_id
      FROM jsonb_to_recordset($1::jsonb) AS r (
             topic text, key text, payload jsonb, version integer, event_id uuid)`,
    [JSON.stringify(values)],
  );
}
