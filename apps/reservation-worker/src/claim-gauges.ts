import { ClaimCountStore } from '@numbering/persistence';
import type { Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';
import { ScrapedReading } from './scraped-reading';

/**
 * What Postgres says of reservations and holds, of all tenants. One index holds exactly these rows: a million of them
 * are counted in 45 to 80 ms, and then at most every 2 s; the oldest that is over is its first entry.
 */
export class ClaimGauges {
  private readonly readings: readonly ScrapedReading[];

  constructor(dataSource: DataSource, claims: ClaimCountStore, log: Log) {
    const { manager } = dataSource;
    this.readings = [
      new ScrapedReading('num_reservations_active', () => claims.countActive(manager), log),
      new ScrapedReading('num_release_overdue_seconds', () => claims.overdueSeconds(manager), log),
    ];
  }

  start(): void {
    for (const reading of this.readings) reading.start();
  }
}
