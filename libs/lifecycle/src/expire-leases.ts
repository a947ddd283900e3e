import { Inject, Injectable } from '@nestjs/common';
import { expire, type Policy } from '@numbering/domain';
import { DueStore } from '@numbering/persistence';
import { Reconcile, type ReconcilerStatus } from './reconcile';
import { POLICY } from './tokens';

/** Ruling 29: leases past their end, and past their grace where they have one. */
@Injectable()
export class ExpireLeases {
  constructor(
    private readonly reconcile: Reconcile,
    private readonly due: DueStore,
    @Inject(POLICY) private readonly policy: Policy,
  ) {}

  run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    return this.reconcile.run(
      {
        actor: 'system:expiry',
        pick: (manager, limit) => this.due.endedLeases(manager, this.policy, limit),
        decide: expire,
      },
      signal,
    );
  }
}
