import { Inject, Injectable } from '@nestjs/common';
import { ValidFromStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import type { ReconcilerStatus } from './reconcile';

/** Numbers in one statement: small enough that no caller waits long for a row. */
const BATCH_SIZE = 500;
/** Batches in one run; what is left is the next run's. */
const MAX_BATCHES_PER_RUN = 2_000;

/**
 * US-NUM-001: lists numbers whose `validFrom` has come. Browsing alone waits for it: every decision looks at the clock.
 */
@Injectable()
export class ListValidNumbers {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly moments: ValidFromStore,
  ) {}

  async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    let changed = 0;
    for (let batch = 0; batch < MAX_BATCHES_PER_RUN && !signal?.aborted; batch++) {
      const listed = await this.moments.list(this.dataSource.manager, BATCH_SIZE);
      changed += listed;
      if (listed < BATCH_SIZE) break;
    }
    return { scanned: changed, changed, failed: 0 };
  }
}
