import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { appDataSource } from '@numbering/persistence';
import {
  failFastRedis,
  processLog,
  RedisGate,
  sleepMs,
  subscriberRedis,
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
const CONNECT_AGAIN_AFTER_MS = 500;

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

  /** Resolves after the first try, whatever came of it. */
  async open(): Promise<void> {
    this.gate.start();
    if (await this.connect()) return;
    this.log.error('Postgres is away at the start; it is tried again until it is there');
    void this.connectAgain(this.stopping.signal);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.gate.stop();
    this.reader.disconnect();
    this.subscriber.disconnect();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async connect(): Promise<boolean> {
    try {
      await this.dataSource.initialize();
      return true;
    } catch (error) {
      this.log.debug({ err: error }, 'no connection to Postgres');
      return false;
    }
  }

  private async connectAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleepMs(CONNECT_AGAIN_AFTER_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (await this.connect()) {
        this.log.info('Postgres is there');
        return;
      }
    }
  }
}
