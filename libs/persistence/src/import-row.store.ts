import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import type { BlockRow } from '@numbering/domain';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { BlockError, NewBlock } from './block.store';

/** A COPY is a transaction: none of them is open for longer than these take. */
const ROWS_A_TRANSACTION = 50_000;
/** What the sort of a million rows needs, so that it is not done on disk. */
const PUBLISH_WORK_MEM = '128MB';

/**
 * Rows on their way into the ledger. They are staged in a temporary table of the import's own
 * connection: nobody else sees them, they are not logged, and Postgres drops them with the
 * connection, so that a process that dies leaves none. They go into the ledger in one transaction.
 *
 * Measured with a million rows on two cores: `\copy` into the ledger's table takes 9.5 s, of which
 * its two foreign keys are 6; COPY into the temporary table 1.3 s, the INSERT below 11.3 s (10.0 s
 * without ON CONFLICT, which would fail beside an import of the same numbers).
 */
@Injectable()
export class ImportRowStore {
  /** Streams the rows in by COPY, in their order, and forgets them when `work` is done. */
  async whileStaged<T>(
    manager: EntityManager,
    rows: AsyncGenerator<readonly BlockRow[]>,
    work: () => Promise<T>,
  ): Promise<T> {
    const runner = runnerOf(manager);
    try {
      await runner.query(
        `CREATE TEMPORARY TABLE import_rows (
           row_number integer NOT NULL,
           -- of a valid row the identifier, as it is written
           value      text NOT NULL,
           -- of a valid alpha ID alone: what two writings of it share
           alpha_key  text,
           valid_from timestamptz,
           vanity     boolean NOT NULL,
           error_code text)`,
      );
      await this.copy(runner, rows);
      return await work();
    } finally {
      // A connection that is gone has dropped it already.
      await runner.query('DROP TABLE IF EXISTS pg_temp.import_rows').catch(() => undefined);
    }
  }

  private async copy(runner: QueryRunner, rows: AsyncGenerator<readonly BlockRow[]>) {
    const client: PoolClient = await runner.connect();
    const lines = new CopyLines(rows);
    try {
      while (!lines.isAtEnd) {
        await pipeline(
          Readable.from(lines.next(ROWS_A_TRANSACTION)),
          client.query(
            copyFrom(`COPY pg_temp.import_rows
                      (row_number, value, alpha_key, valid_from, vanity, error_code) FROM STDIN`),
          ),
        );
      }
    } finally {
      await rows.return(undefined);
    }
  }

  /**
   * Inserts what is not in the ledger yet, the first of each identifier; what is there already is
   * not touched. Sorted, so that two imports of the same numbers wait for each other and do not
   * lock each other out.
   * @returns how many were inserted, also where another import inserted some of them meanwhile
   */
  async publish(manager: EntityManager, block: NewBlock): Promise<number> {
    const runner = runnerOf(manager);
    await runner.query(`SET LOCAL work_mem = '${PUBLISH_WORK_MEM}'`);
    const { affected } = await runner.query(
      `INSERT INTO numbering.identifiers (identifier, alpha_key, identifier_class, operator_id,
              block_prefix, changed_at, valid_from, valid_from_passed, vanity_eligible,
              originating_block_id)
       SELECT value, alpha_key, $1, $2, $3, $4, valid_from, coalesce(valid_from <= $4, false),
              vanity, $5
         FROM pg_temp.import_rows
        WHERE error_code IS NULL
        ORDER BY coalesce(alpha_key, value) COLLATE "C", row_number
       ON CONFLICT DO NOTHING`,
      [block.identifierClass, block.operatorId, block.blockPrefix, block.importedAt, block.blockId],
      true,
    );
    return affected ?? 0;
  }

  /** Writes the rows that were refused into the block's report. @returns how many they are */
  async reportInvalid(manager: EntityManager, blockId: string): Promise<number> {
    const { affected } = await runnerOf(manager).query(
      `INSERT INTO numbering.block_errors (block_id, row_number, value, code)
       SELECT $1, row_number, value, error_code
         FROM pg_temp.import_rows
        WHERE error_code IS NOT NULL`,
      [blockId],
      true,
    );
    return affected ?? 0;
  }

  /** Once published: writes the duplicates into the block's report. @returns how many they are */
  async reportDuplicates(
    manager: EntityManager,
    block: Pick<NewBlock, 'blockId' | 'identifierClass'>,
  ): Promise<number> {
    const { affected } = await runnerOf(manager).query(
      `WITH ${RANKED}
       INSERT INTO numbering.block_errors (block_id, row_number, value, code)
       SELECT $1, r.row_number, r.value,
              CASE WHEN r.occurrence > 1 THEN 'DUPLICATE_IN_FILE' ELSE 'ALREADY_IN_LEDGER' END
         FROM ranked r
         JOIN numbering.identifiers i ON ${SAME_IDENTIFIER[block.identifierClass]}
        WHERE r.occurrence > 1 OR i.originating_block_id <> $1`,
      [block.blockId],
      true,
    );
    return affected ?? 0;
  }

  /** Without publishing: how many of the valid rows would be duplicates now. */
  async countDuplicates(manager: EntityManager, identifierClass: IdentifierClass): Promise<number> {
    const [row] = await manager.query(
      `WITH ${RANKED}
       SELECT count(*)::integer AS duplicates
         FROM ranked r
         LEFT JOIN numbering.identifiers i ON ${SAME_IDENTIFIER[identifierClass]}
        WHERE r.occurrence > 1 OR i.identifier IS NOT NULL`,
    );
    return row.duplicates;
  }

  /** The first rows that were refused. */
  invalidRows(manager: EntityManager, limit: number): Promise<BlockError[]> {
    return manager.query(
      `SELECT row_number AS row, value, error_code AS code
         FROM pg_temp.import_rows
        WHERE error_code IS NOT NULL
        ORDER BY row_number
        LIMIT $1`,
      [limit],
    );
  }
}

const RANKED = `
  ranked AS (
    SELECT row_number, value, alpha_key,
           row_number() OVER (PARTITION BY coalesce(alpha_key, value) ORDER BY row_number)
             AS occurrence
      FROM pg_temp.import_rows
     WHERE error_code IS NULL
  )`;

/** One unique index each: with OR between them Postgres would compare every row with every row. */
const SAME_IDENTIFIER: Readonly<Record<IdentifierClass, string>> = {
  MSISDN: 'i.identifier = r.value',
  SHORT_CODE: 'i.identifier = r.value',
  ALPHA: `i.identifier_class = 'ALPHA' AND i.alpha_key = r.alpha_key`,
};

function runnerOf({ queryRunner }: EntityManager): QueryRunner {
  if (!queryRunner) throw new Error('staged rows are seen on their own connection alone');
  return queryRunner;
}

/** The lines of a COPY, in pieces that end between two of the rows that are read at a time. */
class CopyLines {
  isAtEnd = false;
  private rowNumber = 0;

  constructor(private readonly rows: AsyncGenerator<readonly BlockRow[]>) {}

  /** Until about so many rows have come, or there are no more. */
  async *next(rowLimit: number): AsyncGenerator<string> {
    const end = this.rowNumber + rowLimit;
    while (this.rowNumber < end) {
      const { done, value } = await this.rows.next();
      if (done) {
        this.isAtEnd = true;
        return;
      }
      if (value.length > 0) yield this.text(value);
    }
  }

  private text(rows: readonly BlockRow[]): string {
    let text = '';
    for (const row of rows) text += this.line(row);
    return text;
  }

  private line(row: BlockRow): string {
    const rowNumber = ++this.rowNumber;
    if (row.code !== undefined) {
      return `${rowNumber}\t${copyText(row.value)}\t\\N\t\\N\tf\t${row.code}\n`;
    }
    // No letter of an identifier needs an escape.
    const { identifier, alphaKey = '\\N', validFrom, vanity } = row;
    const from = validFrom?.toISOString() ?? '\\N';
    return `${rowNumber}\t${identifier}\t${alphaKey}\t${from}\t${vanity ? 't' : 'f'}\t\\N\n`;
  }
}

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

const copyText = (text: string): string =>
  text.replace(/[\\\t\n\r]/g, (character) => COPY_ESCAPES[character] ?? character);
