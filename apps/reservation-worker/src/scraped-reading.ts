import { monotonicMs, scrapedGauge, withinMs, type GaugeName, type Log } from '@numbering/platform';
import { OutageLog } from './outage-log';

/** A reading serves whoever scrapes within this time: the gauge is never staler than that. */
const SHORTEST_LIFE_MS = 1_000;
/** A long reading lives longer: it takes at most so much of the time. */
const READING_SHARE = 1 / 20;
/** A scrape does not wait longer; most scrapers give up after 10 s. */
const ANSWER_LIMIT_MS = 2_000;

/**
 * A gauge that Postgres is asked for at the scrape, so that it is the same in every replica, and right after a restart.
 * NaN where Postgres does not say: an old figure would look like a true one.
 */
export class ScrapedReading {
  private readonly outage: OutageLog;
  private last = { value: NaN, livesUntilMs: -Infinity };
  private reading: Promise<number> | undefined;

  constructor(
    private readonly name: GaugeName,
    private readonly read: () => Promise<number>,
    log: Log,
  ) {
    this.outage = new OutageLog(log, `the reading of ${name}`);
  }

  start(): void {
    scrapedGauge(this.name, () => this.value());
  }

  private async value(): Promise<number> {
    if (monotonicMs() < this.last.livesUntilMs) return this.last.value;
    this.reading ??= this.ask().finally(() => (this.reading = undefined));
    try {
      const value = await withinMs(ANSWER_LIMIT_MS, this.reading);
      this.outage.worked();
      return value;
    } catch (error) {
      this.outage.failed(error);
      return NaN;
    }
  }

  private async ask(): Promise<number> {
    const beganMs = monotonicMs();
    const value = await this.read();
    const endedMs = monotonicMs();
    const lifeMs = Math.max(SHORTEST_LIFE_MS, (endedMs - beganMs) / READING_SHARE);
    this.last = { value, livesUntilMs: endedMs + lifeMs };
    return value;
  }
}
