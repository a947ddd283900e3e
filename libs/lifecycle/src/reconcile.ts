import { Inject, Injectable } from '@nestjs/common';
import type { NumberRecord, Policy, Step } from '@numbering/domain';
import { ChangeStore, type DueBatch } from '@numbering/persistence';
import {
  isPostgresUnavailable,
  processLog,
  StoreUnavailable,
  type Config,
  type Log,
} from '@numbering/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { CONFIG, POLICY } from './tokens';

/** What one run of a reconciler came to. */
export interface ReconcilerStatus {
  /** Numbers looked at. */
  scanned: number;
  /** Numbers changed. */
  changed: number;
  /** Numbers whose rows contradict themselves: logged, left as they are. */
  failed: number;
  /** When the next one is due, where that is soon and the reconciler knows. */
  nextDueInMs?: number;
}

/** Numbers in one transaction: small enough that no caller waits long for a row. */
export const RECONCILE_BATCH_SIZE = 200;
/** Batches in one run; what is left is the next run's. */
const MAX_BATCHES_PER_RUN = 500;

export interface Reconciliation {
  /** `system:<what>`, for the audit rows. */
  actor: string;
  pick: (manager: EntityManager, limit: number) => Promise<DueBatch>;
  decide: (number: NumberRecord, facts: { now: Date; policy: Policy }) => readonly Step[];
}

/**
 * The one loop of everything that time alone changes: bounded batches, each a transaction of its own that locks what is
 * due with SKIP LOCKED, lets the domain say again whether it is, and writes as a command would. Idempotent, and shared by
 * any number of workers.
 */
@Injectable()
export class Reconcile {
  private readonly log: Log;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly changes: ChangeStore,
    private readonly afterCommit: AfterCommit,
    @Inject(POLICY) private readonly policy: Policy,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.log = processLog(config);
  }

  /** @throws StoreUnavailable where Postgres is away */
  async run(what: Reconciliation, signal?: AbortSignal): Promise<ReconcilerStatus> {
    const status = { scanned: 0, changed: 0, failed: 0 };
    for (let batch = 0; batch < MAX_BATCHES_PER_RUN && !signal?.aborted; batch++) {
      const done = await this.oneBatch(what);
      status.scanned += done.scanned;
      status.changed += done.changed;
      status.failed += done.failed;
      if (done.scanned < RECONCILE_BATCH_SIZE) break;
    }
    return status;
  }

  private async oneBatch({ actor, pick, decide }: Reconciliation) {
    let written: Step[] = [];
    let scanned = 0;
    let failed = 0;
    try {
      await this.dataSource.transaction(async (manager) => {
        const { numbers, broken, now } = await pick(manager, RECONCILE_BATCH_SIZE);
        scanned = numbers.length + broken.length;
        failed = broken.length;
        for (const { identifier, error } of broken) {
          this.log.error({ identifier, err: error }, `${actor}: row left alone, repair it by hand`);
        }
        written = numbers.flatMap((number) => [
          ...decide(number, { now: later(now, number.changedAt), policy: this.policy }),
        ]);
        if (written.length === 0) return;
        if (!(await this.changes.write(manager, written, { actor, app: this.config.app }))) {
          throw new Error(`${actor}: numbers moved under their locks`);
        }
      });
    } catch (error) {
      if (isPostgresUnavailable(error)) throw new StoreUnavailable('postgres', error);
      throw error;
    }
    await this.afterCommit.announce(written);
    const changed = new Set(written.map(({ after }) => after.identifier)).size;
    return { scanned, changed, failed };
  }
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);
