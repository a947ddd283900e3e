import { Inject, Injectable } from '@nestjs/common';
import type { PoolSeverity } from '@numbering/contracts';
import {
  DAY_MS,
  HOUR_MS,
  isMeasurementDue,
  poolCrossing,
  poolOutlook,
  poolSeverity,
  PROJECTION_WINDOW_DAYS,
  type CountedPool,
  type Pool,
  type PoolCounts,
} from '@numbering/domain';
import { CapacityStore, LedgerRecordStore, type LedgerMarks } from '@numbering/persistence';
import { monotonicMs, type Config } from '@numbering/platform';
import type { DataSource, EntityManager } from 'typeorm';
import { CONFIG, IMPORT_DATA_SOURCE } from './tokens';

/** Snapshots are not taken at the very minute: the one of 30 days ago may be this much older. */
const SNAPSHOT_SLACK_MS = 12 * HOUR_MS;

const NOTHING: PoolCounts = {
  available: 0,
  reserved: 0,
  held: 0,
  leased: 0,
  suspended: 0,
  quarantine: 0,
  upcoming: 0,
};

/** The newest measurement there is, whoever made it. */
export interface LastMeasurement {
  measuredAt: Date;
  /** Of the database, when it was looked at. */
  now: Date;
}

/**
 * US-NUM-013, rulings 38 and 39: counts the pools, judges them, and publishes what they have crossed, in one
 * transaction with what is alerted from then on. Any number of processes: one measures at a time, all share what it
 * found, so that each crossing is told once.
 */
@Injectable()
export class MeasurePools {
  constructor(
    @Inject(IMPORT_DATA_SOURCE) private readonly source: DataSource,
    private readonly capacity: CapacityStore,
    private readonly records: LedgerRecordStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Measures where it is due and nobody else is at it.
   * @returns undefined where nobody has measured yet
   */
  async run(): Promise<LastMeasurement | undefined> {
    const { manager } = this.source;
    const isDue = async (among: EntityManager): Promise<boolean> =>
      isMeasurementDue(await this.capacity.marks(among), this.config.capacityEveryMs);
    if (await isDue(manager)) {
      await this.source.transaction(async (inside) => {
        if (!(await this.capacity.lock(inside, false))) return;
        // Another one may have measured since.
        if (await isDue(inside)) await this.measure(inside);
      });
    }
    const { now, last } = await this.capacity.marks(manager);
    return last && { measuredAt: last.measuredAt, now };
  }

  /**
   * Measures now, after whoever is at it; `work` is done in the same transaction.
   * @returns the number of pools
   */
  runNow(work: (manager: EntityManager) => Promise<void>): Promise<number> {
    return this.source.transaction(async (manager) => {
      await this.capacity.lock(manager, true);
      const pools = await this.measure(manager);
      await work(manager);
      return pools;
    });
  }

  private async measure(manager: EntityManager): Promise<number> {
    const beganMs = monotonicMs();
    const marks = await this.capacity.ledgerMarks(manager);
    const { now } = marks;
    const counted = await this.capacity.count(manager, now);
    const tookMs = Math.round(monotonicMs() - beganMs);
    const windowBegan = now.getTime() - PROJECTION_WINDOW_DAYS * DAY_MS - SNAPSHOT_SLACK_MS;
    const earlier = byPool(await this.capacity.earlierUses(manager, new Date(windowBegan)));
    const pools = counted.map((pool) => ({
      ...pool,
      ...poolOutlook(pool, now, PROJECTION_WINDOW_DAYS, earlier.get(keyOf(pool))),
    }));
    await this.capacity.keep(manager, pools);
    await this.tellCrossings(manager, marks, pools);
    const nextValidFrom = earliest(counted);
    await this.capacity.keepMeasurement(manager, marks, { tookMs, nextValidFrom });
    return pools.length;
  }

  private async tellCrossings(
    manager: EntityManager,
    { now }: LedgerMarks,
    pools: readonly (Pool & PoolCounts)[],
  ): Promise<void> {
    const alerts = byPool(await this.capacity.alerts(manager));
    const known = byPool(pools);
    // A pool whose last number was retired has nothing that could run out.
    const gone = [...alerts.values()]
      .filter((alert) => !known.has(keyOf(alert)))
      .map(({ operatorId, blockPrefix, identifierClass }) => ({
        ...NOTHING,
        operatorId,
        blockPrefix,
        identifierClass,
      }));
    for (const pool of [...pools, ...gone]) {
      const before: PoolSeverity | null = alerts.get(keyOf(pool))?.severity ?? null;
      const event = poolCrossing(pool, before);
      if (!event) continue;
      await this.capacity.setAlert(manager, pool, poolSeverity(pool, before), now);
      await this.records.publish(manager, this.config.app, now, event);
    }
  }
}

const keyOf = ({ operatorId, blockPrefix, identifierClass }: Pool): string =>
  `${operatorId} ${blockPrefix} ${identifierClass}`;

const byPool = <P extends Pool>(pools: readonly P[]): Map<string, P> =>
  new Map(pools.map((pool) => [keyOf(pool), pool]));

function earliest(pools: readonly CountedPool[]): Date | null {
  let first: Date | null = null;
  for (const { nextValidFrom } of pools) {
    if (nextValidFrom && (!first || nextValidFrom < first)) first = nextValidFrom;
  }
  return first;
}
