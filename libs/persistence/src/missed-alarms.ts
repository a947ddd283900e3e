import { REDIS_COMMAND_BUDGET_MS, type RedisGate } from '@numbering/platform';

/** Numbers whose alarms somebody could not set, for the worker to set them as Postgres says. */
export const MISSED_ALARMS_KEY = 'num:alarms:missed';
/** There while Redis has the alarms of all claims; gone with them when it is emptied or starts anew. */
export const ALL_ALARMS_KEY = 'num:alarms';

/** Where a process has missed more than these, the alarms of all claims are set again. */
const MAX_NAMES = 10_000;
const NAMES_A_CALL = 1_000;
const TELL_EVERY_MS = 1_000;
/** A number that no worker has come by for this long has no claim any more: a hold lasts a day. */
const KEPT_SECONDS = 86_400;

/**
 * Which alarms this process could not set, told as soon as Redis listens. It may be away for one process alone, and only
 * that one knows whose claims are without an alarm then.
 */
export class MissedAlarms {
  private readonly names = new Set<string>();
  private isAll = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly gate: RedisGate) {}

  add(identifiers: Iterable<string>): void {
    for (const identifier of identifiers) this.names.add(identifier);
    if (this.names.size > MAX_NAMES) {
      this.isAll = true;
      this.names.clear();
    }
    this.tellSoon();
  }

  close(): void {
    clearTimeout(this.timer);
    this.isAll = false;
    this.names.clear();
  }

  private tellSoon(): void {
    if (!this.isAll && this.names.size === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.tell().finally(() => this.tellSoon());
    }, TELL_EVERY_MS).unref();
  }

  private async tell(): Promise<void> {
    if (!this.gate.isUp) return;
    const names = [...this.names].slice(0, NAMES_A_CALL);
    const budgetMs = 4 * REDIS_COMMAND_BUDGET_MS; // Nobody waits for this.
    try {
      await this.gate.run(
        (redis) =>
          Promise.all([
            this.isAll ? redis.del(ALL_ALARMS_KEY) : 0,
            names.length > 0 ? redis.sadd(MISSED_ALARMS_KEY, ...names) : 0,
            redis.expire(MISSED_ALARMS_KEY, KEPT_SECONDS),
          ]),
        budgetMs,
      );
      this.isAll = false;
      for (const name of names) this.names.delete(name);
    } catch {
      // The gate has told of the outage; what is left is told the next time.
    }
  }
}
