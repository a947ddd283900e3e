import { LRUCache } from 'lru-cache';
import {
  EVICT_CHANNEL,
  HEARTBEAT_CHANNEL,
  readEvictions,
  readHeartbeat,
  type Eviction,
  type Said,
} from '@numbering/persistence';
import type { Log, RedisClient } from '@numbering/platform';
import type { FactMemory } from './fact-memory';
import type { Trust } from './trust';

/** Evictors whose messages are counted; more than a deployment has workers. */
const MAX_EVICTORS = 100;

export interface HeartbeatParts {
  /** Of its own: a client that listens can do nothing else. */
  subscriber: RedisClient;
  /** The one that the Redis link reads with. */
  reader: RedisClient;
  trust: Trust;
  memories: { i: Pick<FactMemory<never>, 'evict'>; t: Pick<FactMemory<never>, 'evict'> };
  log: Log;
}

/**
 * Hears evictions and heartbeats, and notices when it may have missed one: while it was not
 * subscribed, or where an evictor's count has a gap. Then what is remembered becomes floors.
 */
export class HeartbeatListener {
  private isSubscribed = false;
  private readonly counts = new LRUCache<string, number>({ max: MAX_EVICTORS });

  constructor(private readonly parts: HeartbeatParts) {}

  /** Listens until the subscriber's connection is ended by whoever made it. */
  start(): void {
    const { subscriber, reader, trust } = this.parts;
    subscriber.on('message', (channel: string, text: string) => this.hear(channel, text));
    subscriber.on('close', () => (this.isSubscribed = false));
    subscriber.on('ready', () => void this.subscribe());
    // Behind a new connection may be a server that has lost what the old one had.
    reader.on('close', () => trust.redisChanged());
    if (subscriber.status === 'ready') void this.subscribe();
  }

  /** What was said before this is confirmed may have been missed; heartbeats count from then on. */
  private async subscribe(): Promise<void> {
    const { subscriber, trust, log } = this.parts;
    this.isSubscribed = false;
    try {
      await subscriber.subscribe(EVICT_CHANNEL, HEARTBEAT_CHANNEL);
    } catch (error) {
      log.warn({ err: error }, 'the subscription failed; the next connection tries again');
      return;
    }
    trust.missed();
    this.counts.clear();
    this.isSubscribed = true;
  }

  private hear(channel: string, text: string): void {
    if (channel === EVICT_CHANNEL) this.hearEvictions(text);
    else if (channel === HEARTBEAT_CHANNEL && this.isSubscribed) this.hearHeartbeat(text);
  }

  private hearEvictions(text: string): void {
    const message = readEvictions(text);
    if (!message) return this.missed('a message that is none');
    if (message.said) this.count(message.said, 1);
    for (const change of message.changes) this.evict(change);
  }

  private hearHeartbeat(text: string): void {
    const heartbeat = readHeartbeat(text);
    if (!heartbeat) return;
    this.count(heartbeat.said, 0);
    this.parts.trust.heard(heartbeat);
  }

  private evict({ kind, key, version }: Eviction): void {
    if (kind === 'l') this.parts.trust.ledgerChanged();
    else this.parts.memories[kind].evict(key, version);
  }

  /** @param ahead how much further the count may be than at the last message */
  private count({ evictor, count }: Said, ahead: 0 | 1): void {
    const last = this.counts.get(evictor);
    if (last !== undefined && count > last + ahead) this.missed('a gap in an evictor’s messages');
    this.counts.set(evictor, Math.max(count, last ?? 0));
  }

  private missed(why: string): void {
    this.parts.log.warn({ why }, 'what was remembered is looked up again');
    this.parts.trust.missed();
  }
}
