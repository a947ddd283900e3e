import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ClaimAlarms, connectWhenThere } from '@numbering/persistence';
import { processLog, RedisGate, type Config, type RedisClient } from '@numbering/platform';
import { DataSource } from 'typeorm';
import { CONFIG, IMPORT_DATA_SOURCE, REQUEST_REDIS } from './tokens';

/** How long a boot waits for Postgres before it goes on without: it is not ready then, but alive. */
const BOOT_PATIENCE_MS = 2_000;

/** Opens what the lifecycle stands on when the app starts, and closes it when the app ends. */
@Injectable()
export class Connections implements OnModuleInit, OnApplicationShutdown {
  private readonly stopping = new AbortController();

  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    @Inject(IMPORT_DATA_SOURCE) private readonly imports: DataSource,
    private readonly gate: RedisGate,
    @Inject(REQUEST_REDIS) private readonly redis: RedisClient,
    private readonly alarms: ClaimAlarms,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    this.gate.start();
    const log = processLog(this.config);
    const connecting = [this.source, this.imports].map((source) =>
      connectWhenThere(source, log, this.stopping.signal),
    );
    let patience: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, BOOT_PATIENCE_MS);
    });
    await Promise.race([Promise.all(connecting), enough]);
    clearTimeout(patience);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.alarms.close();
    this.gate.stop();
    this.redis.disconnect();
    for (const source of [this.source, this.imports]) {
      if (source.isInitialized) await source.destroy();
    }
  }
}
