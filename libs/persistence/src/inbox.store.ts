import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** An event of another team, by what tells its repeats. */
export interface InboundEventId {
  topic: string;
  /** The event's own id, or `topic:partition:offset` of one that carries none. */
  id: string;
}

/** Which inbound events have been worked off; kept 14 days, by day. */
@Injectable()
export class InboxStore {
  /**
   * Remembers an event in the caller's transaction, so that it is known if and only if its effect
   * is committed.
   * @returns false for a repeat: the caller changes nothing
   */
  async remember(manager: EntityManager, event: InboundEventId): Promise<boolean> {
    // The table is split by day, so no unique index spans it: the lock serialises one event's
    // deliveries, and the statement after it sees what the one before has committed.
    await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))`, [
      event.topic,
      event.id,
    ]);
    const rows: unknown[] = await manager.query(
      `
      INSERT INTO numbering.inbox (topic, event_id)
      SELECT $1, $2
       WHERE NOT EXISTS (
             SELECT 1 FROM numbering.inbox WHERE topic = $1 AND event_id = $2)
      RETURNING topic`,
      [event.topic, event.id],
    );
    return rows.length > 0;
  }
}
