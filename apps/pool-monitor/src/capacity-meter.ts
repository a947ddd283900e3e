import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { CapacityStore } from '@numbering/persistence';
import { gauge, sleepMs, type Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';

/** Measured again this soon where it failed, however rarely it is measured else. */
const RETRY_AFTER_MS = 1_000;

/** US-NUM-013: how much of each pool is left, as a gauge. Reads only; any number of replicas. */
export class CapacityMeter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly remaining = gauge('numbering_block_capacity_remaining');
  private readonly stopping = new AbortController();
  private isFailing = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: CapacityStore,
    private readonly everyMs: number,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.keepMeasuring();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** Replaces what was shown: a pool whose last number is retired is a pool no more. */
  async measure(): Promise<void> {
    const pools = await this.store.measure(this.dataSource.manager);
    this.remaining.reset();
    for (const { operatorId, blockPrefix, identifierClass, remaining } of pools) {
      this.remaining.set(
        { operator_id: operatorId, block_prefix: blockPrefix, identifier_class: identifierClass },
        remaining,
      );
    }
  }

  private async keepMeasuring(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const isMeasured = await this.measure().then(
        () => this.worked(),
        (error: unknown) => this.failed(error),
      );
      const pauseMs = isMeasured ? this.everyMs : Math.min(this.everyMs, RETRY_AFTER_MS);
      await sleepMs(pauseMs, signal).catch(() => undefined);
    }
  }

  private worked(): true {
    if (this.isFailing) this.log.info('capacity is measured again');
    this.isFailing = false;
    return true;
  }

  private failed(error: unknown): false {
    if (!this.isFailing) this.log.error({ err: error }, 'capacity is not measured; tried again');
    this.isFailing = true;
    return false;
  }
}
