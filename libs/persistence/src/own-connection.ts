import type { DataSource, EntityManager } from 'typeorm';

/**
 * Runs `work` on one connection from its first statement to its last, in as many transactions as it
 * likes. Locks of the session that it took are given back at its end; they and its temporary tables
 * are the connection's, so a process that dies leaves none behind.
 */
export async function onOwnConnection<T>(
  source: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    await runner.connect();
    return await work(runner.manager);
  } finally {
    // A connection that is gone has given them back already.
    await runner.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    await runner.release();
  }
}
