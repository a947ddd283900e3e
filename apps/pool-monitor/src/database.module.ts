import { Inject, Module, type DynamicModule } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { appDataSource, connectWhenThere, NumberStore } from '@numbering/persistence';
import { processLog, type Config, type Log } from '@numbering/platform';
import { DataSource } from 'typeorm';

export const LOG = Symbol('log');

/** One measurement at a time, and a look by whoever asks whether the app is ready. */
const POOL_SIZE = 2;
/** A measurement reads every row of the ledger: of a hundred million on a busy machine, a minute. */
const QUERY_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 1_900;

/** The app's connection: made when Postgres is there, whenever that is. The boot does not wait. */
@Module({})
export class DatabaseModule implements OnModuleInit, OnApplicationShutdown {
  private readonly stopping = new AbortController();
  private connecting: Promise<void> = Promise.resolve();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(LOG) private readonly log: Log,
  ) {}

  static forRoot(config: Config): DynamicModule {
    const source = appDataSource({
      databaseUrl: config.databaseUrl,
      app: config.app,
      poolSize: POOL_SIZE,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
    return {
      module: DatabaseModule,
      providers: [
        { provide: DataSource, useValue: source },
        { provide: LOG, useValue: processLog(config) },
        NumberStore,
      ],
      exports: [DataSource, LOG, NumberStore],
    };
  }

  onModuleInit(): void {
    const { dataSource, log, stopping } = this;
    // Rejects only where the app ends while it waits.
    this.connecting = connectWhenThere(dataSource, log, stopping.signal).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.connecting;
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
