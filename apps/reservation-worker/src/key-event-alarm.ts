import { CLAIM_KEY_PREFIX } from '@numbering/persistence';
import { isRedisUnavailable, type Log, type RedisClient } from '@numbering/platform';
import { Cluster, type Redis } from 'ioredis';
import type { ReconcilerLoop } from './reconciler-loop';

const EXPIRED_EVENTS = '__keyevent@*__:expired';
const NOTIFY_SETTING = 'notify-keyspace-events';
/** E: events of keys; x: expired ones; A: all kinds, x among them. */
const WANTED_FLAGS = 'Ex';
const ALL_KINDS = 'A';

/**
 * The story's alarm (US-NUM-010): Redis tells that a claim's key has expired. It tells late where
 * many keys live, and nobody who was not listening (ruling 36): so each time the line is there
 * again, what is due is looked for at once, and nobody relies on this alarm alone.
 */
export class KeyEventAlarm {
  private readonly nodes = new Map<string, Redis>();

  /** @param subscriber a connection for subscriptions, which comes back by itself */
  constructor(
    private readonly subscriber: RedisClient,
    private readonly releases: ReconcilerLoop,
    private readonly log: Log,
  ) {}

  start(): void {
    if (!(this.subscriber instanceof Cluster)) return this.listenTo(this.subscriber);
    // Key events stay on the node where the key lives: one subscription a master.
    const cluster = this.subscriber;
    const listenToMasters = (): void => {
      for (const master of cluster.nodes('master')) this.listenToNode(master);
    };
    cluster.on('ready', listenToMasters);
    cluster.on('+node', listenToMasters);
    listenToMasters();
  }

  stop(): void {
    for (const node of this.nodes.values()) node.disconnect();
    this.nodes.clear();
  }

  private listenToNode(master: Redis): void {
    const { host, port } = master.options;
    const address = `${host}:${port}`;
    if (this.nodes.has(address)) return;
    const node = master.duplicate({ lazyConnect: false, enableOfflineQueue: true });
    node.on('error', () => undefined); // The cluster's client tells of the outage.
    this.nodes.set(address, node);
    this.listenTo(node);
  }

  private listenTo(redis: Redis): void {
    redis.on('pmessage', (_pattern: string, _channel: string, key: string) => {
      if (key.startsWith(CLAIM_KEY_PREFIX)) void this.releases.ring('redis');
    });
    redis.on('ready', () => void this.subscribe(redis));
    if (redis.status === 'ready') void this.subscribe(redis);
  }

  private async subscribe(redis: Redis): Promise<void> {
    try {
      await askForEvents(redis).catch((error: unknown) => this.withoutEvents(error));
      await redis.psubscribe(EXPIRED_EVENTS);
      await this.releases.ring('redis');
    } catch (error) {
      // The connection went again; the next `ready` comes here again.
      if (!isRedisUnavailable(error)) this.log.warn({ err: error }, 'no key events from Redis');
    }
  }

  private withoutEvents(error: unknown): void {
    if (isRedisUnavailable(error)) return;
    const message = `Redis does not let ${NOTIFY_SETTING} be set; set it to ${WANTED_FLAGS} there`;
    this.log.warn({ err: error }, message);
  }
}

/** Adds the flags to what is set there already, for whoever else listens. */
async function askForEvents(redis: Redis): Promise<void> {
  const answer: unknown = await redis.config('GET', NOTIFY_SETTING);
  const flags = Array.isArray(answer) ? String(answer[1] ?? '') : '';
  const missing = [...WANTED_FLAGS].filter(
    (flag) => !flags.includes(flag) && !(flag === 'x' && flags.includes(ALL_KINDS)),
  );
  if (missing.length > 0) await redis.config('SET', NOTIFY_SETTING, flags + missing.join(''));
}
