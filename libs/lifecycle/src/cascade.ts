import { Inject, Injectable } from '@nestjs/common';
import { cascade, type Suspension } from '@numbering/domain';
import { CascadeStore } from '@numbering/persistence';
import { monotonicMs, processLog, type Config, type Log } from '@numbering/platform';
import { DataSource } from 'typeorm';
import { RECONCILE_BATCH_SIZE, Reconcile, type ReconcilerStatus } from './reconcile';
import { CONFIG } from './tokens';

/** Suspensions worked on side by side, a batch each in turn: a large one keeps up no small one. */
const MAX_SUSPENSIONS_AT_ONCE = 50;
/** Rounds of one batch each in one run; what is left is the next run's. */
const MAX_ROUNDS_PER_RUN = 1_000;
/** Where nothing but broken rows is left, they are looked at again after this long. */
const REST_AFTER_FAILURE_MS = 60_000;

/** How far this run has come with one suspension. */
interface Progress {
  /** Behind which identifier its next batch begins: each claim is looked at once a run. */
  lastIdentifier: string;
  failed: number;
  isThrough: boolean;
}

/**
 * US-NUM-004, ruling 25: takes back what suspended tenants have. All it knows stands in the tenants' rows and in the
 * claims that are left, so that a crash costs at most a batch that is rolled back, and any worker goes on. What
 * another transaction holds is left for the next run.
 */
@Injectable()
export class Cascade {
  private readonly log: Log;
  /** By suspension: until when (monotonic) this process leaves it alone. */
  private readonly restsUntilMs = new Map<string, number>();

  constructor(
    private readonly reconcile: Reconcile,
    private readonly store: CascadeStore,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.log = processLog(config);
  }

  async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    const status = { scanned: 0, changed: 0, failed: 0 };
    const progress = new Map<string, Progress>();
    this.wakeRested();
    for (let round = 0; round < MAX_ROUNDS_PER_RUN; round++) {
      const through = [...progress].flatMap(([id, { isThrough }]) => (isThrough ? [id] : []));
      const pending = await this.store.pending(
        this.dataSource.manager,
        [...this.restsUntilMs.keys(), ...through],
        MAX_SUSPENSIONS_AT_ONCE,
      );
      if (pending.length === 0) break;
      for (const suspension of pending) {
        if (signal?.aborted) return status;
        const done = await this.oneBatch(suspension, progress);
        status.scanned += done.scanned;
        status.changed += done.changed;
        status.failed += done.failed;
      }
    }
    return status;
  }

  private async oneBatch(
    suspension: Suspension,
    progress: Map<string, Progress>,
  ): Promise<ReconcilerStatus> {
    const { suspensionId } = suspension;
    const before = progress.get(suspensionId) ?? { lastIdentifier: '', failed: 0 };
    let lastIdentifier: string | undefined;
    const done = await this.reconcile.batch({
      actor: 'system:cascade',
      pick: async (manager) => {
        const { lastIdentifier: from } = before;
        const found = await this.store.claims(manager, suspension, from, RECONCILE_BATCH_SIZE);
        lastIdentifier = found.lastIdentifier;
        return found;
      },
      decide: (number, facts) => cascade(number, suspension, facts),
    });
    const isThrough = lastIdentifier === undefined;
    const failed = before.failed + done.failed;
    progress.set(suspensionId, { lastIdentifier: lastIdentifier ?? '', failed, isThrough });
    if (isThrough) await this.finish(suspension, failed);
    return done;
  }

  private async finish(suspension: Suspension, failed: number): Promise<void> {
    const isOver = await this.dataSource.transaction((manager) =>
      this.store.finish(manager, suspension),
    );
    const { tenantId, suspensionId, ticketId } = suspension;
    if (isOver) this.log.info({ tenantId, suspensionId, ticketId }, 'the cascade has ended');
    else if (failed > 0) {
      this.restsUntilMs.set(suspensionId, monotonicMs() + REST_AFTER_FAILURE_MS);
    }
  }

  private wakeRested(): void {
    const nowMs = monotonicMs();
    for (const [suspensionId, untilMs] of this.restsUntilMs) {
      if (untilMs <= nowMs) this.restsUntilMs.delete(suspensionId);
    }
  }
}
