import { OCCUPYING_STATES, type NumberRecord } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { NUMBER_COLUMNS, NUMBER_JOINS, numberOf, type NumberRow } from './number-row';

/** Due numbers, locked for this transaction, at one moment of the database's clock. */
export interface DueBatch {
  numbers: NumberRecord[];
  /** Rows that contradict themselves: told, left alone, and no reason to leave the others due. */
  broken: { identifier: string; error: unknown }[];
  now: Date;
}

/**
 * Reads numbers that this transaction has locked, in a statement of its own: a statement that waited for a lock tells
 * its old snapshot.
 */
export async function readBatch(
  manager: EntityManager,
  identifiers: readonly string[],
): Promise<DueBatch> {
  const batch: DueBatch = { numbers: [], broken: [], now: new Date(0) };
  if (identifiers.length === 0) return batch;
  const rows: NumberRow[] = await manager.query(
    `SELECT ${NUMBER_COLUMNS}
       FROM numbering.identifiers i
       ${NUMBER_JOINS}
      WHERE i.identifier = ANY ($1::text[])
      ORDER BY i.identifier`,
    [identifiers],
  );
  for (const row of rows) {
    batch.now = row.now;
    try {
      batch.numbers.push(consistent(row));
    } catch (error) {
      batch.broken.push({ identifier: row.identifier, error });
    }
  }
  return batch;
}

function consistent(row: NumberRow): NumberRecord {
  const number = numberOf(row);
  const isOccupied = OCCUPYING_STATES.some((state) => state === number.state);
  if (row.lease_id === null || isOccupied) return number;
  throw new Error(`${row.identifier} is ${row.state}, yet the claim ${row.lease_id} occupies it`);
}
