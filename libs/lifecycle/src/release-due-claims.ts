import { Inject, Injectable } from '@nestjs/common';
import { lapse, type Step } from '@numbering/domain';
import { DueStore } from '@numbering/persistence';
import { histogram, monotonicMs } from '@numbering/platform';
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
    let readAtMs = 0;
    const status = await this.reconcile.run(
      {
        actor: 'system:release',
        pick: async (manager, limit) => {
          const found = await this.due.lapsedClaims(manager, limit);
          readAtMs = monotonicMs();
          return found;
        },
        decide: (number, facts) => {
          const step = lapse(number, facts);
          return step ? [step] : [];
        },
        committed: (steps) => {
          const sinceReadMs = monotonicMs() - readAtMs;
          for (const step of steps) this.lag.observe((lateByMs(step) + sinceReadMs) / 1_000);
        },
      },
      signal,
    );
    const nextMs = await this.due.nextLapseInMs(this.dataSource.manager);
    return nextMs !== undefined && nextMs <= SOON_MS ? { ...status, nextDueInMs: nextMs } : status;
  }
}

/** By the database's clock, from the end of a claim to the decision that it is over. */
const lateByMs = ({ before, after }: Step): number =>
  before.state === 'RESERVED' || before.state === 'HELD'
    ? after.changedAt.getTime() - before.claim.expiresAt.getTime()
    : 0;
