import { Inject, Injectable } from '@nestjs/common';
import type { ReconcilerStatus } from '@numbering/lifecycle';
import { JobRunStore, underJobLock } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import type { Reconciler } from './reconciler-loop';
import type { TimeOfDay } from './time-of-day';

const NOTHING_OWED: ReconcilerStatus = { scanned: 0, changed: 0, failed: 0 };

/**
 * A daily run that must not be missed: it is owed from its time of day on, in the database's clock, until some run has
 * come to its end, whoever ran it. So a worker that was down at that time makes up for it when it is back.
 */
@Injectable()
export class OwedRuns {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly jobRuns: JobRunStore,
  ) {}

  /** Runs it where it is owed and nobody else is at it. */
  async run(
    { job, at }: { job: string; at: TimeOfDay },
    reconciler: Reconciler,
    signal?: AbortSignal,
  ): Promise<ReconcilerStatus> {
    const isOwed = () => this.jobRuns.isOwed(this.dataSource.manager, job, at);
    if (!(await isOwed())) return NOTHING_OWED;
    const run = await underJobLock(this.dataSource, job, async () =>
      // Another one may have ended it since.
      (await isOwed()) ? reconciler.run(signal) : NOTHING_OWED,
    );
    return run?.result ?? NOTHING_OWED;
  }
}
