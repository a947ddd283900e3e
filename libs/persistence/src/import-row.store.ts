import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { BlockRow } from '@numbering/domain';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { DataSource, EntityManager } from 'typeorm';
import type { NewBlock } from './block.store';

/** Staged rows of an import that ended without clearing them (a crash) go after this long. */
const ABANDONED_AFTER_HOURS = 6;

export interface PublishedCounts {
  inserted: number;
  duplicates: number;
  invalid: number;
}

/** Rows on their way into the ledger: staged in a transaction of their own, published in the import's. */
@Injectable()
export class ImportRowStore {
  /** Streams the rows in by COPY; nobody sees them before they are published. */
  async stage(source: DataSource, importId: string, rows: AsyncIterable<BlockRow>): Promise<void> {
    const runner = source.createQueryRunner();
    try {
      const client: PoolClient = await runner.connect();
      const copy = client.query(
        copyFrom(`COPY numbering.import_rows (import_id, row_number, value, identifier, match_key, valid_from,
                                              vanity, error_code) FROM STDIN`),
      );
      await pipeline(copyLines(importId, rows), copy);
    } finally {
      await runner.release();
    }
  }

  /** Forgets staged rows: an import's own, and those that a crash left. */
  async clear(manager: EntityManager, importId: string): Promise<void> {
    await manager.query(
      `DELETE FROM numbering.import_rows
        WHERE import_id = $1
           OR staged_at < clock_timestamp() - make_interval(hours => $2)`,
      [importId, ABANDONED_AFTER_HOURS],
    );
  }

  /**
   * Moves the staged rows into the ledger: the first of each identifier, where it is not there yet. Refused and
   * duplicate rows go into the block's report. Existing identifiers are never touched.
   */
  async publish(
    manager: EntityManager,
    importId: string,
    block: NewBlock,
  ): Promise<PublishedCounts> {
    const inserted: number = await this.insertIdentifiers(manager, importId, block);
    const [row] = await manager.query(
      `WITH ranked AS (
         SELECT r.*,
                row_number() OVER (PARTITION BY match_key ORDER BY row_number) AS occurrence
           FROM numbering.import_rows r
          WHERE r.import_id = $1
       ), judged AS (
         SELECT r.row_number, r.value,
                CASE WHEN r.error_code IS NOT NULL THEN r.error_code
                     WHEN r.occurrence > 1 THEN 'DUPLICATE_IN_FILE'
                     WHEN i.originating_block_id <> $2 THEN 'ALREADY_IN_LEDGER' END AS code
           FROM ranked r
           LEFT JOIN numbering.identifiers i
                  ON i.identifier = r.identifier
                  OR (i.identifier_class = 'ALPHA' AND i.alpha_key = r.match_key)
       ), reported AS (
         INSERT INTO numbering.block_errors (block_id, row_number, value, code)
         SELECT $2, row_number, value, code FROM judged WHERE code IS NOT NULL
         RETURNING code
       )
       SELECT count(*) FILTER (WHERE code IN ('DUPLICATE_IN_FILE', 'ALREADY_IN_LEDGER'))::integer
                AS duplicates,
              count(*) FILTER (WHERE code NOT IN ('DUPLICATE_IN_FILE', 'ALREADY_IN_LEDGER'))::integer
                AS invalid
         FROM reported`,
      [importId, block.blockId],
    );
    return { inserted, duplicates: row.duplicates, invalid: row.invalid };
  }

  private async insertIdentifiers(manager: EntityManager, importId: string, block: NewBlock) {
    const [row] = await manager.query(
      `WITH first AS (
         SELECT DISTINCT ON (match_key) identifier, match_key, valid_from, vanity
           FROM numbering.import_rows
          WHERE import_id = $1 AND error_code IS NULL
          ORDER BY match_key, row_number
       ), inserted AS (
         INSERT INTO numbering.identifiers (identifier, alpha_key, identifier_class, operator_id,
                block_prefix, changed_at, valid_from, vanity_eligible, originating_block_id)
         SELECT identifier, CASE WHEN $3 = 'ALPHA' THEN match_key END, $3, $4,
                $5, $6, valid_from, vanity, $2
           FROM first
         ON CONFLICT DO NOTHING
         RETURNING 1
       )
       SELECT count(*)::integer AS inserted FROM inserted`,
      [
        importId,
        block.blockId,
        block.identifierClass,
        block.operatorId,
        block.blockPrefix,
        block.importedAt,
      ],
    );
    return row.inserted;
  }
}

/** Lines of a COPY chunk, so that a million rows are not a million writes. */
const COPY_LINES_PER_CHUNK = 1_000;

async function* copyLines(importId: string, rows: AsyncIterable<BlockRow>) {
  let chunk = '';
  let rowNumber = 0;
  for await (const row of rows) {
    rowNumber++;
    const fields = [
      importId,
      rowNumber,
      copyText(row.value),
      row.identifier === undefined ? '\\N' : copyText(row.identifier),
      row.matchKey === undefined ? '\\N' : copyText(row.matchKey),
      row.validFrom?.toISOString() ?? '\\N',
      row.vanity ? 't' : 'f',
      row.code ?? '\\N',
    ];
    chunk += `${fields.join('\t')}\n`;
    if (rowNumber % COPY_LINES_PER_CHUNK === 0) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

const copyText = (text: string): string =>
  text.replace(/[\\\t\n\r]/g, (character) => COPY_ESCAPES[character] ?? character);
