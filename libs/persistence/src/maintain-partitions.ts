import type { EntityManager } from 'typeorm';

/** Tables made ahead, and tables dropped whose time of keeping is over. */
export interface PartitionWork {
  made: number;
  dropped: number;
}

/** Audit rows by month, inbox ids and kept answers by day; running it twice does nothing more. */
export async function maintainPartitions(manager: EntityManager): Promise<PartitionWork> {
  const [work]: PartitionWork[] = await manager.query(
    `SELECT made, dropped FROM numbering.maintain_partitions()`,
  );
  if (!work) throw new Error('maintain_partitions gives one row');
  return work;
}
