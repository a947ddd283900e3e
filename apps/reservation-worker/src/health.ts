import { NumberStore } from '@numbering/persistence';
import {
  EventProducer,
  RedisGate,
  StoreUnavailable,
  type ReadinessCheck,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { KafkaTopics } from './kafka-topics';

/** What `readinessOf` is given, in this order. */
export const READINESS_NEEDS = [DataSource, NumberStore, RedisGate, EventProducer, KafkaTopics];

export const readinessOf = (
  dataSource: DataSource,
  numbers: NumberStore,
  redis: RedisGate,
  producer: EventProducer,
  topics: KafkaTopics,
): readonly ReadinessCheck[] => [
  {
    name: 'postgres',
    required: true,
    whenDown: 'Postgres does not answer: nothing is released, sent or heard until it does',
    check: () => numbers.databaseTime(dataSource.manager),
  },
  {
    // Whoever waits for this process to be ready may count on the topics, where there is a Kafka.
    name: 'kafka-topics',
    required: true,
    whenDown: 'the topics of Kafka are being made',
    check: () => {
      if (topics.areMissing) throw new StoreUnavailable('kafka');
    },
  },
  {
    name: 'kafka',
    required: false,
    whenDown: 'Kafka does not answer: events wait in the outbox',
    check: () => {
      if (!producer.isUp()) throw new StoreUnavailable('kafka');
    },
  },
  {
    name: 'redis',
    required: false,
    whenDown: 'Redis does not answer: poll and sweep release, validators ask Postgres',
    check: () => {
      if (!redis.isUp) throw new StoreUnavailable('redis');
    },
  },
];
