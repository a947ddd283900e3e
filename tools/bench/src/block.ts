import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';

/** A block that a benchmark's numbers are said to have come with. @returns its id */
export async function addBlock(database: Client, blockPrefix: string): Promise<string> {
  const blockId = randomUUID();
  await database.query(
    `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
                                   inserted, duplicates, invalid, imported_at, imported_by)
     VALUES ($1, 'ROSHAN', $2, 'MSISDN', 'REGISTRATION', 1, 0, 0, clock_timestamp(), 'bench')`,
    [blockId, blockPrefix],
  );
  return blockId;
}
