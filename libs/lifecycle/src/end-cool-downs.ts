import { Injectable } from '@nestjs/common';
import { endCoolDown } from '@numbering/domain';
import { DueStore } from '@numbering/persistence';
import { Reconcile, type ReconcilerStatus } from './reconcile';

/** US-NUM-006: cool-downs that are over. */
@Injectable()
export class EndCoolDowns {
  constructor(
    private readonly reconcile: Reconcile,
    private readonly due: DueStore,
  ) {}

  run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    return this.reconcile.run(
      {
        actor: 'system:quarantine',
        pick: (manager, limit) => this.due.endedCoolDowns(manager, limit),
        decide: (number, facts) => {
          const step = endCoolDown(number, facts);
          return step ? [step] : [];
        },
      },
      signal,
    );
  }
}
