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

@Injectable()
export class IdempotencyStore {
  /** Takes the key for this transaction. @returns false while another transaction has it */
  async enter(manager: EntityManager, { owner, key }: IdempotencyAsk): Promise<boolean> {
    const [row] = await manager.query(
      `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 42)) AS entered`,
      [JSON.stringify([owner, key])],
    );
    return row.entered;
  }

  /** Takes the key for this connection, which gives it back. @returns false while another has it */
  async hold(manager: EntityManager, { owner, key }: IdempotencyAsk): Promise<boolean> {
    const [row] = await manager.query(
      `SELECT pg_try_advisory_lock(hashtextextended($1, 42)) AS held`,
      [JSON.stringify([owner, key])],
    );
    return row.held;
  }

  async find(manager: EntityManager, { owner, key }: IdempotencyAsk) {
    const [row]: (StoredAnswer | undefined)[] = await manager.query(
      `SELECT fingerprint, answer
         FROM numbering.idempotency_keys
        WHERE owner = $1
          AND key = $2
          AND created_at > now() - make_interval(hours => $3)
        ORDER BY created_at DESC
        LIMIT 1`,
      [owner, key, IDEMPOTENCY_KEPT_HOURS],
    );
    return row;
  }

  async keep(manager: EntityManager, ask: IdempotencyAsk, answer: unknown): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.idempotency_keys (owner, key, fingerprint, answer)
       VALUES ($1, $2, $3, $4)`,
      [ask.owner, ask.key, ask.fingerprint, JSON.stringify(answer)],
    );
  }
}
