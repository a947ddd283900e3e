import type { RedisGate } from '@numbering/platform';
import { OUTBOX_WAKE_CHANNEL } from './outbox.store';

/**
 * Tells the relay after a commit that there is something to send; it would see it by itself within
 * its period. Not a NOTIFY of Postgres: that takes a lock of the whole server at each commit.
 */
export class OutboxWake {
  private isRinging = false;

  constructor(private readonly gate: RedisGate) {}

  /** Best effort; one ring at a time stands for all that committed meanwhile. */
  async ring(): Promise<void> {
    if (this.isRinging || !this.gate.isUp) return;
    this.isRinging = true;
    try {
      await this.gate.run((redis) => redis.publish(OUTBOX_WAKE_CHANNEL, ''));
    } catch {
      // The gate has logged the outage; the relay's period finds the event.
    } finally {
      this.isRinging = false;
    }
  }
}
