import { Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import type { EntityManager } from 'typeorm';

/** A block as administrators see it. */
export interface Block {
  blockId: string;
  operatorId: string;
  blockPrefix: string;
  identifierClass: IdentifierClass;
  source: 'IMPORT' | 'REGISTRATION';
  inserted: number;
  duplicates: number;
  invalid: number;
  sha256: string | null;
  importedAt: Date;
  importedBy: string;
}

export interface NewBlock extends Omit<Block, 'inserted' | 'duplicates' | 'invalid'> {
  keyId?: string;
}

export interface BlockError {
  row: number;
  value: string;
  code: string;
}

const COLUMNS = `
  block_id AS "blockId", operator_id AS "operatorId", block_prefix AS "blockPrefix",
  identifier_class AS "identifierClass", source, inserted, duplicates, invalid, sha256,
  imported_at AS "importedAt", imported_by AS "importedBy"`;

@Injectable()
export class BlockStore {
  /** Newest first, after the block of the cursor. */
  list(manager: EntityManager, limit: number, after?: { importedAt: Date; blockId: string }) {
    return manager.query<Block[]>(
      `SELECT ${COLUMNS}
         FROM numbering.blocks
        WHERE $2::timestamptz IS NULL OR (imported_at, block_id) < ($2, $3::uuid)
        ORDER BY imported_at DESC, block_id DESC
        LIMIT $1`,
      [limit, after?.importedAt ?? null, after?.blockId ?? null],
    );
  }

  async one(manager: EntityManager, blockId: string): Promise<Block | undefined> {
    const [row]: Block[] = await manager.query(
      `SELECT ${COLUMNS} FROM numbering.blocks WHERE block_id = $1`,
      [blockId],
    );
    return row;
  }

  /**
   * One import of one file at a time: the second waits, and finds the first one's block. The lock is
   * the connection's, since an import is more than one transaction.
   */
  async lockFile(manager: EntityManager, operatorId: string, sha256: string): Promise<void> {
    await manager.query(`SELECT pg_advisory_lock(hashtextextended($1 || ' ' || $2, 7))`, [
      operatorId,
      sha256,
    ]);
  }

  /** Rows for errors.csv. */
  async report(
    manager: EntityManager,
    blockId: string,
    errors: readonly BlockError[],
  ): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.block_errors (block_id, row_number, value, code)
       SELECT $1, r."row", r.value, r.code
         FROM jsonb_to_recordset($2::jsonb) AS r ("row" integer, value text, code text)`,
      [blockId, JSON.stringify(errors)],
    );
  }

  /** The block that this very file made (ruling 6). */
  async ofFile(manager: EntityManager, operatorId: string, sha256: string) {
    const [row]: Block[] = await manager.query(
      `SELECT ${COLUMNS} FROM numbering.blocks WHERE operator_id = $1 AND sha256 = $2`,
      [operatorId, sha256],
    );
    return row;
  }

  /** Refused rows, duplicates among them, from a row number on. */
  errors(manager: EntityManager, blockId: string, afterRow: number, limit: number) {
    return manager.query<BlockError[]>(
      `SELECT row_number AS row, value, code
         FROM numbering.block_errors
        WHERE block_id = $1 AND row_number > $2
        ORDER BY row_number
        LIMIT $3`,
      [blockId, afterRow, limit],
    );
  }

  /** The first invalid rows, duplicates not among them. */
  invalidRows(manager: EntityManager, blockId: string, limit: number) {
    return manager.query<BlockError[]>(
      `SELECT row_number AS row, value, code
         FROM numbering.block_errors
        WHERE block_id = $1 AND code NOT IN ('DUPLICATE_IN_FILE', 'ALREADY_IN_LEDGER')
        ORDER BY row_number
        LIMIT $2`,
      [blockId, limit],
    );
  }

  /** @returns the ledger's generation with it: validators forget what they knew to be unknown */
  async add(manager: EntityManager, block: NewBlock): Promise<number> {
    const [row] = await manager.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source, key_id,
                                     sha256, inserted, duplicates, invalid, imported_at, imported_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8, $9)
       RETURNING generation`,
      [
        block.blockId,
        block.operatorId,
        block.blockPrefix,
        block.identifierClass,
        block.source,
        block.keyId ?? null,
        block.sha256,
        block.importedAt,
        block.importedBy,
      ],
    );
    return Number(row.generation);
  }

  async count(
    manager: EntityManager,
    blockId: string,
    counts: Pick<Block, 'inserted' | 'duplicates' | 'invalid'>,
  ): Promise<void> {
    await manager.query(
      `UPDATE numbering.blocks SET inserted = $2, duplicates = $3, invalid = $4 WHERE block_id = $1`,
      [blockId, counts.inserted, counts.duplicates, counts.invalid],
    );
  }

  /**
   * Takes new identifiers into the ledger, AVAILABLE at version 1; what is there already is not touched.
   * @returns those that were inserted
   */
  async register(
    manager: EntityManager,
    block: Pick<NewBlock, 'blockId' | 'operatorId' | 'importedAt'>,
    items: readonly NewIdentifier[],
  ): Promise<Set<string>> {
    const inserted: { identifier: string }[] = await manager.query(
      `INSERT INTO numbering.identifiers (identifier, alpha_key, identifier_class, operator_id, block_prefix,
                                          changed_at, valid_from, valid_from_passed, vanity_eligible,
                                          originating_block_id)
       SELECT r.identifier, r."alphaKey", r."identifierClass", $2, r."blockPrefix",
              $3, r."validFrom", coalesce(r."validFrom" <= $3, false), r."vanityEligible", $1
         FROM jsonb_to_recordset($4::jsonb) AS r (
                identifier text, "alphaKey" text, "identifierClass" text, "blockPrefix" text,
                "validFrom" timestamptz, "vanityEligible" boolean)
        ORDER BY r.identifier
       ON CONFLICT DO NOTHING
       RETURNING identifier`,
      [block.blockId, block.operatorId, block.importedAt, JSON.stringify(items)],
    );
    return new Set(inserted.map((row) => row.identifier));
  }
}

export interface NewIdentifier {
  identifier: string;
  alphaKey: string | null;
  identifierClass: IdentifierClass;
  blockPrefix: string;
  validFrom: Date | null;
  vanityEligible: boolean;
}
