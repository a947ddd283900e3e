// One Redis client a purpose, because their patience differs: a request would rather do without
// Redis than wait (ioredis's defaults hide an outage for more than a minute), a worker would
// rather wait than lose its place.
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { Config } from './config.js';
import { processLog } from './log.js';
import type { Log } from './log.js';

export type RedisClient = Redis | Cluster;

/** What a request may spend on one Redis command, in milliseconds: `RedisGate` sees to it. */
export const REDIS_COMMAND_BUDGET_MS = 25;
/** Where nobody else ends it. Its timer hears nothing that arrives while this process is busy. */
const FAIL_FAST_COMMAND_TIMEOUT_MS = 4 * REDIS_COMMAND_BUDGET_MS;
/** A connection that owes an answer for this long is dead: frozen server, or a black hole. */
const FAIL_FAST_SOCKET_TIMEOUT_MS = 1_000;
const FAIL_FAST_CONNECT_TIMEOUT_MS = 1_000;
/** Longer than the longest blocking read, which BullMQ caps at 10 s. */
const PATIENT_SOCKET_TIMEOUT_MS = 30_000;
const PATIENT_CONNECT_TIMEOUT_MS = 5_000;
/** A subscriber owes no answers, so it asks for some: else a cut line looks like silence. */
const SUBSCRIBER_PING_EVERY_MS = 1_000;
const SUBSCRIBER_SOCKET_TIMEOUT_MS = 3_000;
/** How long a connection that is ended may take; of one that has gone already ioredis waits it out. */
const DISCONNECT_TIMEOUT_MS = 200;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_LONGEST_MS = 1_000;

/** For requests: answers or fails within the budget, queues nothing, repeats nothing. */
export function failFastRedis(config: Config): RedisClient {
  return connect(config, 'requests', {
    commandTimeout: FAIL_FAST_COMMAND_TIMEOUT_MS,
    connectTimeout: FAIL_FAST_CONNECT_TIMEOUT_MS,
    socketTimeout: FAIL_FAST_SOCKET_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A command in flight when the line broke may have run: a second INCR would count twice.
    autoResendUnfulfilledCommands: false,
  });
}

/** For workers and BullMQ: commands wait until Redis is back. */
export function patientRedis(config: Config): RedisClient {
  return connect(config, 'workers', {
    connectTimeout: PATIENT_CONNECT_TIMEOUT_MS,
    socketTimeout: PATIENT_SOCKET_TIMEOUT_MS,
    maxRetriesPerRequest: null,
  });
}

/**
 * For channels and key events. Subscriptions come back with the connection; what was said
 * meanwhile does not, so whoever listens looks for itself on each `ready`.
 */
export function subscriberRedis(config: Config): RedisClient {
  const client = connect(config, 'subscriptions', {
    connectTimeout: FAIL_FAST_CONNECT_TIMEOUT_MS,
    socketTimeout: SUBSCRIBER_SOCKET_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    autoResubscribe: true,
  });
  if (client instanceof Redis) {
    const ping = (): void => {
      if (client.status === 'ready') client.ping().catch(() => undefined); // `error` tells it.
    };
    const pinging = setInterval(ping, SUBSCRIBER_PING_EVERY_MS).unref();
    client.on('end', () => clearInterval(pinging));
  }
  return client;
}

function connect(config: Config, purpose: string, options: RedisOptions): RedisClient {
  const all: RedisOptions = {
    ...options,
    connectionName: `${config.app}:${purpose}`,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: reconnectAfterMs,
  };
  const nodes = config.redisClusterNodes;
  const client = nodes
    ? new Cluster([...nodes], {
        redisOptions: all,
        clusterRetryStrategy: reconnectAfterMs,
        enableOfflineQueue: options.enableOfflineQueue ?? true,
      })
    : new Redis(config.redisUrl, all);
  logOutagesOf(client, purpose, processLog(config));
  return client;
}

/** Tries for ever, each pause at most a second; jitter keeps replicas from knocking together. */
function reconnectAfterMs(attempt: number): number {
  const pauseMs = Math.min(RECONNECT_FIRST_MS * 2 ** Math.min(attempt, 10), RECONNECT_LONGEST_MS);
  return Math.round(pauseMs * (0.5 + Math.random() / 2));
}

/** One line when Redis goes, one when it is back, however often the client tries between. */
function logOutagesOf(client: RedisClient, purpose: string, log: Log): void {
  let isDown = false;
  client.on('error', (error: Error) => {
    if (!isDown) log.warn({ err: error, purpose }, 'Redis does not answer');
    isDown = true;
  });
  client.on('ready', () => {
    if (isDown) log.info({ purpose }, 'Redis answers again');
    isDown = false;
  });
}
