import { Inject, Injectable } from '@nestjs/common';
import { DAY_MS } from '@numbering/domain';
import { CapacityStore, JobRunStore, NumberStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { MeasurePools } from './measure-pools';
import type { ReconcilerStatus } from './reconcile';

export const SNAPSHOT_JOB = 'capacity-snapshot';
/** Longer than any window of a projection: a year to compare with, and its month. */
const SNAPSHOTS_KEPT_DAYS = 400;

/**
 * US-NUM-013, ruling 39: measures the pools and keeps the count as the day's: how fast they are consumed is told by it.
 * A second run of a day keeps those pools that are new.
 */
@Injectable()
export class SnapshotCapacity {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly measurePools: MeasurePools,
    private readonly capacity: CapacityStore,
    private readonly numbers: NumberStore,
    private readonly jobRuns: JobRunStore,
  ) {}

  async run(): Promise<ReconcilerStatus> {
    const beganAt = await this.numbers.databaseTime(this.dataSource.manager);
    let changed = 0;
    const scanned = await this.measurePools.runNow(async (manager) => {
      changed = await this.capacity.keepDay(manager);
      const oldest = new Date(beganAt.getTime() - SNAPSHOTS_KEPT_DAYS * DAY_MS);
      await this.capacity.forgetDays(manager, oldest);
      await this.jobRuns.ran(manager, SNAPSHOT_JOB, beganAt);
    });
    return { scanned, changed, failed: 0 };
  }
}
