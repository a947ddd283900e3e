import { CascadeStore, OutboxStore, RenewalAttemptStore } from '@numbering/persistence';
import { gauge, sleepMs, type Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';
import { OutageLog } from './outage-log';

const MEASURE_EVERY_MS = 2_000;
const COUNTED_UNANSWERED = 100_000;

/** Gauges that are counted in Postgres, so that every replica shows the same. */
export class Meters {
  private readonly stopping = new AbortController();
  private readonly unsent = gauge('num_outbox_unsent');
  private readonly lagSeconds = gauge('num_outbox_lag_seconds');
  private readonly parked = gauge('num_outbox_parked');
  private readonly cascades = gauge('num_cascade_pending');
  private readonly unanswered = gauge('num_billing_unanswered');
  private readonly outage: OutageLog;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: OutboxStore,
    private readonly suspended: CascadeStore,
    private readonly renewals: RenewalAttemptStore,
    log: Log,
  ) {
    this.outage = new OutageLog(log, 'the count of events');
  }

  start(): void {
    this.loop = this.keepMeasuring();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async keepMeasuring(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.measure();
        this.outage.worked();
      } catch (error) {
        this.outage.failed(error);
      }
      await sleepMs(MEASURE_EVERY_MS, signal).catch(() => undefined);
    }
  }

  private async measure(): Promise<void> {
    const { manager } = this.dataSource;
    this.cascades.set(await this.suspended.countPending(manager));
    this.unanswered.set(await this.renewals.countUnanswered(manager, COUNTED_UNANSWERED));
    const backlog = await this.outbox.backlog(manager);
    this.unsent.set(backlog.unsent);
    this.lagSeconds.set(backlog.oldestSeconds);
    this.parked.set(backlog.parkedKeys);
  }
}
