import { ClaimCountStore } from '@numbering/persistence';
import { monotonicMs, scrapedGauge, withinMs, type Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';
import { OutageLog } from './outage-log';

/** A count serves whoever asks within this time: the gauge is never staler than that. */
const SHORTEST_LIFE_MS = 1_000;
/** A long count lives longer: counting takes at most so much of the time. */
const COUNTING_SHARE = 1 / 20;
/** A scrape does not wait longer; most scrapers give up after 10 s. */
const ANSWER_LIMIT_MS = 2_000;

/**
 * `num_reservations_active`: what Postgres says at the scrape, so that it is the same in every replica, and right after
 * a restart. An index holds exactly these rows: a million of them are counted in 45 to 80 ms, and then at most every
 * 2 s. NaN where Postgres does not say: an old figure would look like a true one.
 */
export class ActiveClaims {
  private readonly outage: OutageLog;
  private last = { active: NaN, livesUntilMs: -Infinity };
  private counting: Promise<number> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly claims: ClaimCountStore,
    log: Log,
  ) {
    this.outage = new OutageLog(log, 'the count of reservations');
  }

  start(): void {
    scrapedGauge('num_reservations_active', () => this.active());
  }

  private async active(): Promise<number> {
    if (monotonicMs() < this.last.livesUntilMs) return this.last.active;
    this.counting ??= this.count().finally(() => (this.counting = undefined));
    try {
      const active = await withinMs(ANSWER_LIMIT_MS, this.counting);
      this.outage.worked();
      return active;
    } catch (error) {
      this.outage.failed(error);
      return NaN;
    }
  }

  private async count(): Promise<number> {
    const beganMs = monotonicMs();
    const active = await this.claims.countActive(this.dataSource.manager);
    const endedMs = monotonicMs();
    const lifeMs = Math.max(SHORTEST_LIFE_MS, (endedMs - beganMs) / COUNTING_SHARE);
    this.last = { active, livesUntilMs: endedMs + lifeMs };
    return active;
  }
}
