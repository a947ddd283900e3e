import { Inject, Injectable } from '@nestjs/common';
import { lapse } from '@numbering/domain';
import { DueStore } from '@numbering/persistence';
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
  constructor(
    private readonly reconcile: Reconcile,
    private readonly due: DueStore,
    @Inject(DataSource) private readonly dataSource: DataSource,
  ) {}

  async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    const status = await this.reconcile.run(
      {
        actor: 'system:release',
        pick: (manager, limit) => this.due.lapsedClaims(manager, limit),
        decide: (number, facts) => {
          const step = lapse(number, facts);
          return step ? [step] : [];
        },
      },
      signal,
    );
    const nextMs = await this.due.nextLapseInMs(this.dataSource.manager);
    return nextMs !== undefined && nextMs <= SOON_MS ? { ...status, nextDueInMs: nextMs } : status;
  }
}
