import type { DataSource, EntityManager } from 'typeorm';
import { pipelined } from './pipelined';

/** What a transaction comes to, and the statements that end it, which are sent when they are asked for. */
export interface Ending<T> {
  result: T;
  last: () => readonly Promise<unknown>[];
}

/**
 * A transaction of few round trips: BEGIN travels with its first statements, COMMIT with its last. Where one of them
 * fails, Postgres takes the COMMIT behind it for a ROLLBACK: so whatever must hold is checked by the statements, not
 * by who reads their answers. It has no savepoints.
 * @throws the error of the first statement that failed: nothing of it is done
 */
export async function shortTransaction<T>(
  source: DataSource,
  work: (manager: EntityManager) => Promise<Ending<T>>,
): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    await runner.connect();
    const begun = runner.query('BEGIN');
    begun.catch(() => undefined); // It is told where the others are.
    try {
      const { result, last } = await work(runner.manager);
      await pipelined([begun, ...last(), runner.query('COMMIT')]);
      return result;
    } catch (error) {
      await runner.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  } finally {
    await runner.release();
  }
}
