import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What a caller says so that a repeat of its call has one effect (ruling 42). */
export interface IdempotencyAsk {
  /** Tenant, or sub for a token without one. */
  owner: string;
  key: string;
  /** Of method, path and body. */
  fingerprint: string;
}

/** The answer that stands under a key, and the fingerprint of the call that got it. */
export interface StoredAnswer {
  fingerprint: string;
  answer: unknown;
}

/** How long an answer is kept. */
export const IDEMPOTENCY_KEPT_HOURS = 24;

/** The keys of a statement, for SQL's unnest. */
const columnsOf = (asks: readonly IdempotencyAsk[]) => [
  asks.map(({ owner }) => owner),
  asks.map(({ key }) => key),
];

/** Each method takes any number of keys, no two of them the same, and answers in their order. */
@Injectable()
export class IdempotencyStore {
  /** Takes the keys for this transaction. @returns for each false while another transaction has it */
  async enter(manager: EntityManager, asks: readonly IdempotencyAsk[]): Promise<boolean[]> {
    const rows: { entered: boolean }[] = await manager.query(
      `SELECT pg_try_advisory_xact_lock(hashtextextended(name, 42)) AS entered
         FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, position)
        ORDER BY position`,
      [asks.map(({ owner, key }) => JSON.stringify([owner, key]))],
    );
    return rows.map(({ entered }) => entered);
  }

  /** Takes one key for this connection, which gives it back. @returns false while another has it */
  async hold(manager: EntityManager, { owner, key }: IdempotencyAsk): Promise<boolean> {
    const [row] = await manager.query(
      `SELECT pg_try_advisory_lock(hashtextextended($1, 42)) AS held`,
      [JSON.stringify([owner, key])],
    );
    return row.held;
  }

  /** What stands under the keys already. */
  async find(
    manager: EntityManager,
    asks: readonly IdempotencyAsk[],
  ): Promise<(StoredAnswer | undefined)[]> {
    const rows: (StoredAnswer & { position: string })[] = await manager.query(
      `SELECT asked.position, kept.fingerprint, kept.answer
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (owner, key, position)
        CROSS JOIN LATERAL (
                SELECT fingerprint, answer
                  FROM numbering.idempotency_keys
                 WHERE owner = asked.owner
                   AND key = asked.key
                   AND created_at > now() - make_interval(hours => $3)
                 ORDER BY created_at DESC
                 LIMIT 1) kept`,
      [...columnsOf(asks), IDEMPOTENCY_KEPT_HOURS],
    );
    const found = new Map(rows.map((row) => [Number(row.position), row]));
    return asks.map((_, i) => found.get(i + 1));
  }

  async keep(
    manager: EntityManager,
    answers: readonly { ask: IdempotencyAsk; answer: unknown }[],
  ): Promise<void> {
    const asks = answers.map(({ ask }) => ask);
    await manager.query(
      `INSERT INTO numbering.idempotency_keys (owner, key, fingerprint, answer)
       SELECT owner, key, fingerprint, answer
         FROM unnest($1::text[], $2::text[], $3::text[], $4::json[])
              AS kept (owner, key, fingerprint, answer)`,
      [
        ...columnsOf(asks),
        asks.map(({ fingerprint }) => fingerprint),
        answers.map(({ answer }) => JSON.stringify(answer)),
      ],
    );
  }
}
