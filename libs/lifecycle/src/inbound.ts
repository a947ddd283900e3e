import { Injectable } from '@nestjs/common';
import { InboxStore, type InboundEventId } from '@numbering/persistence';
import type { EntityManager } from 'typeorm';

/** Another team's event, by what tells its repeats and its place in time. */
export interface InboundEvent extends InboundEventId {
  /** The event's own time, else Kafka's. */
  at: Date;
}

/**
 * When what an event or a call said began to count: an event's own time, but never later than now, since a sender whose
 * clock runs ahead would else silence all that comes after it.
 */
export const saidAt = (event: InboundEvent | undefined, now: Date): Date =>
  event && event.at < now ? event.at : now;

/** Ruling 25: a repeat changes nothing, nor does an event older than the last change of what it is about. */
@Injectable()
export class Inbound {
  constructor(private readonly inbox: InboxStore) {}

  async isNews(manager: EntityManager, event: InboundEvent, lastChangeAt: Date): Promise<boolean> {
    return (await this.inbox.remember(manager, event)) && event.at >= lastChangeAt;
  }
}
