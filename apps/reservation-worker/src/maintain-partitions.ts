import { Inject, Injectable } from '@nestjs/common';
import type { ReconcilerStatus } from '@numbering/lifecycle';
import { maintainPartitions } from '@numbering/persistence';
import { DataSource } from 'typeorm';

/** Makes the partitions of the days and months ahead and drops what is past its keeping. */
@Injectable()
export class MaintainPartitions {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  async run(): Promise<ReconcilerStatus> {
    const { made, dropped } = await maintainPartitions(this.dataSource);
    return { scanned: made + dropped, changed: made + dropped, failed: 0 };
  }
}
