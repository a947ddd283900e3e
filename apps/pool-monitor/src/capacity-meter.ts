import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { remainingPercentOf } from '@numbering/domain';
import type { LastMeasurement, MeasurePools } from '@numbering/lifecycle';
import type { CapacityStore, KnownPool } from '@numbering/persistence';
import { gauge, monotonicMs, scrapedGauge, sleepMs, type Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';

/** An import is noticed within this: an index look-up that finds nothing new costs next to nothing, and needs no Kafka. */
const LOOK_EVERY_MS = 250;
/** Looked for again this soon where it failed. */
const RETRY_AFTER_MS = 1_000;

const SEVERITY_SHOWN = { WARNING: 1, SEV1: 2 } as const;

/**
 * US-NUM-013: has the pools measured whenever that is due, and shows what the newest measurement found, whichever
 * process made it.
 */
export class CapacityMeter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly remaining = gauge('numbering_block_capacity_remaining');
  private readonly remainingPercent = gauge('numbering_block_capacity_remaining_percent');
  private readonly severity = gauge('numbering_block_severity');
  private readonly stopping = new AbortController();
  private shown: Date | undefined;
  /** When the measurement that is shown began, on this process's monotonic clock. */
  private shownSinceMs = NaN;
  private isFailing = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly measurePools: MeasurePools,
    private readonly store: CapacityStore,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    scrapedGauge('numbering_block_capacity_age_seconds', async () => {
      return (monotonicMs() - this.shownSinceMs) / 1_000;
    });
    this.loop = this.keepLooking();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async keepLooking(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const isDone = await this.look().then(
        () => this.worked(),
        (error: unknown) => this.failed(error),
      );
      await sleepMs(isDone ? LOOK_EVERY_MS : RETRY_AFTER_MS, signal).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const last = await this.measurePools.run();
    if (!last || last.measuredAt.getTime() === this.shown?.getTime()) return;
    this.show(await this.store.pools(this.dataSource.manager), last);
  }

  /** Replaces what was shown: a pool whose last number is retired is a pool no more. */
  private show(pools: readonly KnownPool[], { measuredAt, now }: LastMeasurement): void {
    for (const each of [this.remaining, this.remainingPercent, this.severity]) each.reset();
    for (const pool of pools) {
      const labels = {
        operator_id: pool.operatorId,
        block_prefix: pool.blockPrefix,
        identifier_class: pool.identifierClass,
      };
      this.remaining.set(labels, pool.available);
      this.remainingPercent.set(labels, remainingPercentOf(pool));
      this.severity.set(labels, pool.severity === null ? 0 : SEVERITY_SHOWN[pool.severity]);
    }
    this.shown = measuredAt;
    this.shownSinceMs = monotonicMs() - (now.getTime() - measuredAt.getTime());
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
