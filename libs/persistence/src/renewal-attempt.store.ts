import { Injectable } from '@nestjs/common';
import type { RenewalQuestion } from '@numbering/contracts';
import type { BillingAnswer, RenewalAttempt } from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** An attempt as the ledger has it. */
export interface StoredAttempt {
  idempotencyKey: string;
  leaseId: string;
  termId: string;
  /** Word for word what was asked first. */
  question: RenewalQuestion;
  answer: 'APPROVED' | 'REJECTED' | null;
  reference: string | null;
  isSettled: boolean;
}

/** What an attempt has come to. */
export interface AttemptResult {
  idempotencyKey: string;
  answer: BillingAnswer;
  isSettled: boolean;
}

const COLUMNS = `
  a.idempotency_key AS "idempotencyKey", a.lease_id AS "leaseId", a.term_id AS "termId", a.question,
  a.answer, a.reference, a.settled_at IS NOT NULL AS "isSettled"`;

/**
 * What billing was asked and what it said, kept until it has come to something: asked before the question leaves, so
 * that a crash, a timeout or a lost answer never makes a second question of it (ruling 28).
 */
@Injectable()
export class RenewalAttemptStore {
  /** Opens the attempts, or finds them as an earlier run has left them; by key. */
  async open(
    manager: EntityManager,
    attempts: readonly RenewalAttempt[],
  ): Promise<Map<string, StoredAttempt>> {
    if (attempts.length === 0) return new Map();
    const rows: StoredAttempt[] = await manager.query(
      `INSERT INTO numbering.renewal_attempts AS a
              (idempotency_key, lease_id, term_id, refusals_before, question, asked_at)
       SELECT r."idempotencyKey", r."leaseId", r."termId", r."refusalsBefore", r.question,
              clock_timestamp()
         FROM jsonb_to_recordset($1::jsonb) AS r (
                "idempotencyKey" text, "leaseId" uuid, "termId" uuid, "refusalsBefore" integer,
                question jsonb)
        ORDER BY r."idempotencyKey"
       ON CONFLICT (idempotency_key) DO UPDATE SET asked_at = excluded.asked_at
       RETURNING ${COLUMNS}`,
      [JSON.stringify(attempts)],
    );
    return byKey(rows);
  }

  /** Locks them, behind the locks of their numbers. */
  async lock(
    manager: EntityManager,
    idempotencyKeys: readonly string[],
  ): Promise<Map<string, StoredAttempt>> {
    const rows: StoredAttempt[] = await manager.query(
      `SELECT ${COLUMNS}
         FROM numbering.renewal_attempts a
        WHERE a.idempotency_key = ANY ($1::text[])
        ORDER BY a.idempotency_key
          FOR UPDATE`,
      [idempotencyKeys],
    );
    return byKey(rows);
  }

  /** Writes down what billing said. An answer that is there already stays: under one key there is only one. */
  async record(manager: EntityManager, results: readonly AttemptResult[]): Promise<void> {
    if (results.length === 0) return;
    const rows = results.map(({ idempotencyKey, answer, isSettled }) => ({
      idempotency_key: idempotencyKey,
      answer: answer.kind === 'NONE' ? null : answer.kind,
      reference: answer.kind === 'APPROVED' ? answer.reference : null,
      is_settled: isSettled,
    }));
    await manager.query(
      `UPDATE numbering.renewal_attempts a
          SET answer = coalesce(a.answer, r.answer),
              answered_at = coalesce(a.answered_at, CASE WHEN r.answer IS NOT NULL THEN clock_timestamp() END),
              reference = coalesce(a.reference, r.reference),
              unanswered_at = CASE WHEN coalesce(a.answer, r.answer) IS NULL
                                   THEN coalesce(a.unanswered_at, clock_timestamp()) END,
              settled_at = coalesce(a.settled_at, CASE WHEN r.is_settled THEN clock_timestamp() END)
         FROM jsonb_to_recordset($1::jsonb) AS r (
                idempotency_key text, answer text, reference text, is_settled boolean)
        WHERE a.idempotency_key = r.idempotency_key`,
      [JSON.stringify(rows)],
    );
  }

  /**
   * Open attempts whose term nothing can follow any more: the lease has ended, or has another term. Locked; those that
   * another transaction holds are skipped.
   */
  stranded(manager: EntityManager, afterKey: string, limit: number): Promise<StoredAttempt[]> {
    return manager.query(
      `SELECT ${COLUMNS}
         FROM numbering.renewal_attempts a
         JOIN numbering.leases l ON l.lease_id = a.lease_id
        WHERE a.settled_at IS NULL
          AND a.idempotency_key > $1
          AND (l.state NOT IN ('LEASED', 'SUSPENDED') OR coalesce(l.term_id, l.lease_id) <> a.term_id)
        ORDER BY a.idempotency_key
        LIMIT $2
          FOR UPDATE OF a SKIP LOCKED`,
      [afterKey, limit],
    );
  }

  /** Questions that billing has left without an answer, counted up to `limit`. */
  async countUnanswered(manager: EntityManager, limit: number): Promise<number> {
    const [row]: { unanswered: number }[] = await manager.query(
      `SELECT count(*)::integer AS unanswered
         FROM (SELECT 1
                 FROM numbering.renewal_attempts
                WHERE settled_at IS NULL AND unanswered_at IS NOT NULL
                LIMIT $1) counted`,
      [limit],
    );
    return row?.unanswered ?? 0;
  }
}

const byKey = (rows: readonly StoredAttempt[]): Map<string, StoredAttempt> =>
  new Map(rows.map((row) => [row.idempotencyKey, row]));
