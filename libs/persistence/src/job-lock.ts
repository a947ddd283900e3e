import type { DataSource } from 'typeorm';

/** Any number, the same in every process; the job's name is the second half of the key. */
const JOB_LOCK_CLASS = 746_352;

/**
 * Runs `work` unless another process runs the same job now. The lock is the connection's, so a
 * process that dies leaves none behind.
 * @returns undefined, and nothing was done, where another one holds the lock
 */
export async function underJobLock<T>(
  dataSource: DataSource,
  job: string,
  work: () => Promise<T>,
): Promise<{ result: T } | undefined> {
  const guard = dataSource.createQueryRunner();
  try {
    const key = [JOB_LOCK_CLASS, job];
    const [lock]: { taken: boolean }[] = await guard.query(
      `SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken`,
      key,
    );
    if (!lock?.taken) return undefined;
    try {
      return { result: await work() };
    } finally {
      // A connection that is gone has given the lock back already.
      await guard.query(`SELECT pg_advisory_unlock($1, hashtext($2))`, key).catch(() => undefined);
    }
  } finally {
    await guard.release();
  }
}
