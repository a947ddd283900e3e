import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** An outbox row that the evictor has not had. */
export interface UnevictedChange {
  id: string;
  subject: 'IDENTIFIER' | 'TENANT' | 'LEDGER' | 'NONE';
  key: string;
  /** Of the subject after the change. */
  version: number;
  /** The database's clock at the change, Unix milliseconds. */
  changedAtMs: number;
}

/** One look at the outbox. */
export interface EvictionLook {
  /** The database's clock before the look: all that was committed earlier is in it. */
  beganAtMs: number;
  /** Of the newest block; 0 in an empty ledger. */
  generation: number;
  /** In order of id, at most as many as were asked for. */
  changes: UnevictedChange[];
}

interface LookRow {
  began_at_ms: number;
  generation: string;
  id: string | null;
  subject: UnevictedChange['subject'];
  key: string;
  version: string;
  changed_at_ms: number;
}

/**
 * The outbox as the evictor sees it: its own flag, no cursor and no leader. Rows that Kafka has had
 * too, or was never to have, go with the mark.
 */
@Injectable()
export class EvictionStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * The oldest changes of which validators have not been told. `statement_timestamp()` is taken
   * before the statement's snapshot, so what committed before it is seen.
   */
  async look(limit: number): Promise<EvictionLook> {
    const rows: LookRow[] = await this.dataSource.query(
      `
      SELECT (extract(epoch FROM statement_timestamp()) * 1000)::float8 AS began_at_ms,
             (SELECT coalesce(max(generation), 0) FROM numbering.blocks) AS generation,
             o.id, o.subject, o.key, o.version,
             (extract(epoch FROM o.created_at) * 1000)::float8 AS changed_at_ms
        FROM (VALUES (1)) AS always
        LEFT JOIN LATERAL (
             SELECT id, subject, key, version, created_at
               FROM numbering.outbox
              WHERE evicted_at IS NULL
              ORDER BY id
              LIMIT $1) o ON true`,
      [limit],
    );
    const [first] = rows;
    if (!first) throw new Error('a left join gives at least one row');
    return {
      beganAtMs: first.began_at_ms,
      generation: Number(first.generation),
      changes: rows.flatMap((row) => (row.id === null ? [] : [changeOf(row, row.id)])),
    };
  }

  /**
   * Validators have been told of them. What another transaction has locked is left for the next
   * look, which tells of it once more: that is harmless, and waiting is not.
   */
  async mark(ids: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `
      WITH told AS (
        SELECT id, sent_at IS NOT NULL OR topic IS NULL AS is_done
          FROM numbering.outbox
         WHERE id = ANY ($1::bigint[])
         ORDER BY id
           FOR UPDATE SKIP LOCKED
      ), done AS (
        DELETE FROM numbering.outbox o
         USING told
         WHERE o.id = told.id AND told.is_done
      )
      UPDATE numbering.outbox o
         SET evicted_at = clock_timestamp()
        FROM told
       WHERE o.id = told.id AND NOT told.is_done AND o.evicted_at IS NULL`,
      [ids],
    );
  }
}

const changeOf = (row: LookRow, id: string): UnevictedChange => ({
  id,
  subject: row.subject,
  key: row.key,
  version: Number(row.version),
  changedAtMs: row.changed_at_ms,
});
