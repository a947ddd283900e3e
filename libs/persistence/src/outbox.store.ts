import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Leader } from './leader.store';

/** Where writers say after their commit that there is something to send; best effort. */
export const OUTBOX_WAKE_CHANNEL = 'num:outbox';

/** An event that waits to be sent. */
export interface UnsentEvent {
  /** Of the row: grows in commit order for one key. */
  id: string;
  /** Of the CloudEvent. */
  eventId: string;
  topic: string;
  key: string;
  /** The app whose change it tells of. */
  app: string;
  data: unknown;
  /** The database's clock at the change. */
  createdAt: Date;
}

/** What waits, for the metrics. */
export interface OutboxBacklog {
  /** Events that Kafka has not acknowledged; counted up to MAX_COUNTED_EVENTS. */
  unsent: number;
  oldestSeconds: number;
  /** Keys of which Kafka refused an event. */
  parkedKeys: number;
}

const MAX_COUNTED_EVENTS = 100_000;

/**
 * The outbox as the relay sees it. Taken is what is unsent, in order of id: ids commit out of
 * order, so a cursor would lose events, and a horizon of transactions would stand still beside a
 * long one. Of one key no event commits before the one that precedes it, since the identifier's
 * row lock lets nobody see a version without the one before.
 */
@Injectable()
export class OutboxStore {
  /** The oldest unsent events, for the leader alone: nobody else is given any. */
  async takeUnsent(
    manager: EntityManager,
    { role, holder }: Leader,
    limit: number,
  ): Promise<UnsentEvent[]> {
    return manager.query(
      `
      SELECT o.id,
             o.event_id AS "eventId",
             o.topic,
             o.key,
             o.payload ->> 'app' AS app,
             o.payload -> 'data' AS data,
             o.created_at AS "createdAt"
        FROM numbering.outbox o
       WHERE o.sent_at IS NULL
         AND o.topic IS NOT NULL
         AND NOT EXISTS (
             SELECT 1 FROM numbering.outbox parked
              WHERE parked.key = o.key AND parked.parked_at IS NOT NULL)
         AND EXISTS (
             SELECT 1 FROM numbering.leaders
              WHERE role = $1 AND holder = $2 AND deadline > clock_timestamp())
       ORDER BY o.id
       LIMIT $3`,
      [role, holder, limit],
    );
  }

  /** Kafka has them. Rows that the evictor has had too go with the mark; the others with its. */
  async markSent(manager: EntityManager, ids: readonly string[]): Promise<void> {
    // The rows are locked in order first: the evictor marks the same ones.
    await manager.query(
      `
      WITH acked AS (
        SELECT id,
               subject = 'NONE' OR evicted_at IS NOT NULL AS is_done
          FROM numbering.outbox
         WHERE id = ANY ($1::bigint[])
         ORDER BY id
           FOR UPDATE
      ), done AS (
        DELETE FROM numbering.outbox o
         USING acked
         WHERE o.id = acked.id AND acked.is_done
      )
      UPDATE numbering.outbox o
         SET sent_at = clock_timestamp()
        FROM acked
       WHERE o.id = acked.id AND NOT acked.is_done`,
      [ids],
    );
  }

  /** Kafka refuses it: it waits, with all later events of its key, until it is let go again. */
  async park(manager: EntityManager, id: string, reason: string): Promise<void> {
    await manager.query(
      `
      UPDATE numbering.outbox
         SET parked_at = clock_timestamp(),
             park_reason = $2
       WHERE id = $1 AND sent_at IS NULL`,
      [id, reason],
    );
  }

  /** What waits now. */
  async backlog(manager: EntityManager): Promise<OutboxBacklog> {
    const [row]: OutboxBacklog[] = await manager.query(
      `
      WITH waiting AS (
        SELECT id, created_at
          FROM numbering.outbox
         WHERE sent_at IS NULL AND topic IS NOT NULL
         ORDER BY id
         LIMIT $1
      )
      SELECT count(*)::int AS unsent,
             coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
               AS "oldestSeconds",
             (SELECT count(DISTINCT key)::int
                FROM numbering.outbox
               WHERE parked_at IS NOT NULL) AS "parkedKeys"
        FROM waiting`,
      [MAX_COUNTED_EVENTS],
    );
    if (!row) throw new Error('an aggregate gives one row');
    return row;
  }
}
