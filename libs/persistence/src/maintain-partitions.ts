import type { DataSource } from 'typeorm';

/** Tables made ahead, and tables dropped whose time of keeping is over. */
export interface PartitionWork {
  made: number;
  dropped: number;
}

/** Any number, the same in every process: two that make the same partition would fail. */
const PARTITIONS_ADVISORY_LOCK = 7_463_529_003;

/** Audit rows by month, inbox ids and kept answers by day; running it twice does nothing more. */
export async function maintainPartitions(dataSource: DataSource): Promise<PartitionWork> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT pg_advisory_xact_lock($1)`, [PARTITIONS_ADVISORY_LOCK]);
    const [work]: PartitionWork[] = await manager.query(
      `SELECT made, dropped FROM numbering.maintain_partitions()`,
    );
    if (!work) throw new Error('maintain_partitions gives one row');
    return work;
  });
}
