import { Inject, Injectable } from '@nestjs/common';
import { daysToReport, HOUR_MS, nextReportAt } from '@numbering/domain';
import { LedgerRecordStore, NumberStore, OutboxWake, OverrideStore } from '@numbering/persistence';
import type { Config } from '@numbering/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { ReconcilerStatus } from './reconcile';
import { CONFIG } from './tokens';

/** A day that ends within this time is worth a run of its own. */
const SOON_MS = HOUR_MS;

/**
 * US-NUM-006, ruling 23: tells each UTC day's number of overrides, once, when the day is over, and catches up with
 * days on which nobody did. Days are the database's.
 */
@Injectable()
export class ReportOverrides {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly numbers: NumberStore,
    private readonly overrides: OverrideStore,
    private readonly records: LedgerRecordStore,
    private readonly wake: OutboxWake,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async run(): Promise<ReconcilerStatus> {
    const status = await this.dataSource.transaction((manager) => this.reportDue(manager));
    if (status.changed > 0) await this.wake.ring();
    return status;
  }

  private async reportDue(manager: EntityManager): Promise<ReconcilerStatus> {
    const now = await this.numbers.databaseTime(manager);
    const days = daysToReport(now, await this.overrides.lastReported(manager));
    let changed = 0;
    for (const date of days) {
      const count = await this.overrides.report(manager, date);
      if (count === undefined) continue;
      changed++;
      await this.records.publish(manager, this.config.app, now, {
        type: 'numbering.quarantine.override_report',
        key: date,
        data: { date, count },
      });
    }
    const nextDueInMs = nextReportAt(now).getTime() - now.getTime();
    const done = { scanned: days.length, changed, failed: 0 };
    return nextDueInMs <= SOON_MS ? { ...done, nextDueInMs } : done;
  }
}
