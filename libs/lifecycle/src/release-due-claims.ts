import { Inject, Injectable } from '@nestjs/common';
import { lapse, type NumberRecord } from '@numbering/domain';
import { DueStore } from '@numbering/persistence';
import { histogram } from '@numbering/platform';
import { DataSource } from 'typeorm';
import { Reconcile, type ReconcilerStatus } from './reconcile';

/** A claim that ends within this time is worth a wake-up of its own. */
const SOON_MS = 1_000;

/**
 * US-NUM-010, the release engine's one path: every alarm (key event, BullMQ job, poll, sweep) rings this, and what is
 * due is what Postgres says is due.
 */
@Injectable()
export class ReleaseDueClaims {
  private readonly lag = histogram('num_release_lag_seconds');

  constructor(
    private readonly reconcile: Reconcile,
    private readonly due: DueStore,
    @Inject(DataSource) private readonly dataSource: DataSource,
  ) {}

  async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    const lateMs: number[] = [];
    const status = await this.reconcile.run(
      {
        actor: 'system:release',
        pick: (manager, limit) => this.due.lapsedClaims(manager, limit),
        decide: (number, facts) => {
          const step = lapse(number, facts);
          if (!step) return [];
          lateMs.push(lateBy(number, facts.now));
          return [step];
        },
      },
      signal,
    );
    for (const late of lateMs) this.lag.observe(late / 1_000);
    const nextMs = await this.due.nextLapseInMs(this.dataSource.manager);
    return nextMs !== undefined && nextMs <= SOON_MS ? { ...status, nextDueInMs: nextMs } : status;
  }
}

/** By the database's clock, from the end of a claim to `now`. */
const lateBy = (number: NumberRecord, now: Date): number =>
  number.state === 'RESERVED' || number.state === 'HELD'
    ? now.getTime() - number.claim.expiresAt.getTime()
    : 0;
