// The one owner of kafkajs: how it connects, what it logs, and the topics it needs.
import { Kafka, logLevel } from 'kafkajs';
import type { Admin, LogEntry } from 'kafkajs';
import type { Config } from './config.js';
import { sleepMs, wallClockMs } from './clock.js';
import { processLog } from './log.js';
import type { Log } from './log.js';

const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** kafkajs's own tries within one call; after them our loops go on, with their own pauses. */
export const KAFKA_RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 } as const;

const MAX_REPLICAS = 3;
/** With three replicas one may be away without an acknowledged event being lost. */
const MIN_IN_SYNC_REPLICAS = 2;

/** The client of one app; undefined where no broker is configured: events wait in the outbox. */
export function createKafka(config: Config): Kafka | undefined {
  if (!config.kafkaBrokers) return undefined;
  withoutIdleTimer();
  return new Kafka({
    clientId: config.app,
    brokers: [...config.kafkaBrokers],
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: KAFKA_RETRY,
    logLevel: logLevel.WARN,
    logCreator: () => routeTo(processLog(config)),
  });
}

/**
 * Said once for each idempotent producer with an end to its tries. Ours may give up, because it is
 * thrown away when it does (kafka-producer.ts).
 */
const KNOWN_WARNING = 'Limiting retries for the idempotent producer';

/** What kafkajs calls an error is mostly mended by its next try, so it is a warning here. */
function routeTo(log: Log): (entry: LogEntry) => void {
  return ({ namespace, log: { message, timestamp: _, ...details } }) => {
    if (message.startsWith(KNOWN_WARNING)) return;
    log.warn({ kafka: { namespace, ...details } }, message);
  };
}

/** Room for a message of the usual largest size and the headers that say why it is there. */
const DEAD_LETTER_MAX_BYTES = 2 * 1024 * 1024;

export type Topic = Readonly<{ name: string; partitions: number }>;

const DEAD_LETTER_SUFFIX = '.dlq';
/** Where messages of a topic go that nobody can read. */
export const deadLetterTopic = (topic: string): string => `${topic}${DEAD_LETTER_SUFFIX}`;

/**
 * Makes the topics that are missing. One that is there stays as it is: another number of
 * partitions would send a key elsewhere, and so break the order of its events.
 */
export async function ensureTopics(admin: Admin, topics: readonly Topic[]): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const existing = new Set(await admin.listTopics());
  const replicationFactor = Math.min(MAX_REPLICAS, brokers.length);
  const minInSync = replicationFactor === MAX_REPLICAS ? MIN_IN_SYNC_REPLICAS : 1;
  const missing = topics.filter((topic) => !existing.has(topic.name));
  if (missing.length > 0) await createTopics(admin, missing, replicationFactor, minInSync);
  for (const { name } of topics) await awaitLeaders(admin, name);
}

/** How often, and how far apart, the partitions of a topic are asked whether they answer. */
const LEADER_ATTEMPTS = 100;
const LEADER_PAUSE_MS = 100;

/**
 * A topic is listed before the broker that leads its partitions has opened them: who counts on it then is told that
 * there is no leader. It is there once each partition tells where it ends.
 */
async function awaitLeaders(admin: Admin, topic: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (attempt === LEADER_ATTEMPTS) throw error;
      await sleepMs(LEADER_PAUSE_MS);
    }
  }
}

async function createTopics(
  admin: Admin,
  missing: readonly Topic[],
  replicationFactor: number,
  minInSync: number,
): Promise<void> {
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map(({ name, partitions }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: [
        { name: 'min.insync.replicas', value: String(minInSync) },
        ...(name.endsWith(DEAD_LETTER_SUFFIX)
          ? [{ name: 'max.message.bytes', value: String(DEAD_LETTER_MAX_BYTES) }]
          : []),
      ],
    })),
  });
}

type RequestQueue = {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests: () => void;
};

let idleTimerRemoved = false;

/**
 * kafkajs 2.2.4 (tulios/kafkajs#1751) arms a timer of 1 ms for ever, on every connection, also
 * when nothing waits: about 5 % of a core. Nothing waiting, nothing to arm.
 */
function withoutIdleTimer(): void {
  if (idleTimerRemoved) return;
  idleTimerRemoved = true;
  // The class is not exported, and the version is pinned.
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    const isThrottled = this.throttledUntil > wallClockMs();
    if (this.pending.length > 0 || isThrottled) schedule.call(this);
  };
}
