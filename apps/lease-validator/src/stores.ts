import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { appDataSource, connectWhenThere } from '@numbering/persistence';
import {
  failFastRedis,
  processLog,
  RedisGate,
  subscriberRedis,
  withinMs,
  type Config,
  type Log,
  type RedisClient,
} from '@numbering/platform';
import type { DataSource } from 'typeorm';

/** Both kinds of subject may have four queries under way, and the clock and a probe ask too. */
const POOL_SIZE = 10;
/** An answer that comes later may be of a version that is gone for longer than the promise. */
const QUERY_TIMEOUT_MS = 700;
const CONNECT_TIMEOUT_MS = 500;
/** A boot waits so long for Postgres, and then goes on without. */
const BOOT_PATIENCE_MS = 1_500;

/**
 * The connections of a process. It boots while Postgres or Redis is away, and connects when they
 * come.
 */
@Injectable()
export class Stores implements OnApplicationShutdown {
  readonly dataSource: DataSource;
  /** For look-ups: fails fast. */
  readonly reader: RedisClient;
  readonly subscriber: RedisClient;
  readonly gate: RedisGate;
  private readonly log: Log;
  private readonly stopping = new AbortController();

  constructor(config: Config) {
    this.log = processLog(config);
    this.dataSource = appDataSource({
      databaseUrl: config.databaseUrl,
      app: config.app,
      poolSize: POOL_SIZE,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
    this.reader = failFastRedis(config);
    this.subscriber = subscriberRedis(config);
    this.gate = new RedisGate(this.reader, this.log);
  }

  /** Resolves when Postgres is there, or after a while: it is tried again until it comes. */
  async open(): Promise<void> {
    this.gate.start();
    const connected = connectWhenThere(this.dataSource, this.log, this.stopping.signal);
    await withinMs(BOOT_PATIENCE_MS, connected).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.gate.stop();
    this.reader.disconnect();
    this.subscriber.disconnect();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
