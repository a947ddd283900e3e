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
import { LRUCache } from 'lru-cache';
import { DataSource, type EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { wasGivenUp } from './once';
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
/** A row that contradicts itself is told again after this long; of more rows than these, more often. */
const TELL_AGAIN_MS = 60_000;
const MAX_TOLD_ROWS = 10_000;

const WRITTEN = Symbol('written');

export interface Reconciliation {
  /** `system:<what>`, for the audit rows. */
  actor: string;
  pick: (manager: EntityManager, limit: number) => Promise<DueBatch>;
  decide: (number: NumberRecord, facts: { now: Date; policy: Policy }) => readonly Step[];
  /** What stands or falls with the steps: done in their transaction, once they are written. */
  alongside?: (manager: EntityManager, done: CarriedOut) => Promise<void>;
  /** Told once others can see what was written. */
  committed?: (steps: readonly Step[]) => void;
}

/** What a batch came to. */
export interface CarriedOut {
  steps: readonly Step[];
  /** Numbers of which nothing was written. */
  failures: DueBatch['broken'];
}

/**
 * The one loop of everything that time alone changes: bounded batches, each a transaction of its own that locks what is
 * due with SKIP LOCKED, lets the domain say again whether it is, and writes as a command would. Idempotent, and shared by
 * any number of workers.
 */
@Injectable()
export class Reconcile {
  private readonly log: Log;
  /** Rows that were told of lately. */
  private readonly told = new LRUCache<string, true>({ max: MAX_TOLD_ROWS, ttl: TELL_AGAIN_MS });

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
      const done = await this.batch(what);
      status.scanned += done.scanned;
      status.changed += done.changed;
      status.failed += done.failed;
      if (done.scanned < RECONCILE_BATCH_SIZE) break;
    }
    return status;
  }

  /**
   * One transaction of up to RECONCILE_BATCH_SIZE numbers.
   * @throws StoreUnavailable where Postgres is away
   */
  async batch(what: Reconciliation): Promise<ReconcilerStatus> {
    let status: ReconcilerStatus = { scanned: 0, changed: 0, failed: 0 };
    let written: readonly Step[] = [];
    try {
      await this.dataSource.transaction(async (manager) => {
        const found = await what.pick(manager, RECONCILE_BATCH_SIZE);
        const { steps, failures } = await this.carryOut(manager, what, found);
        await what.alongside?.(manager, { steps, failures });
        const failed = [...found.broken, ...failures];
        for (const { identifier, error } of failed) this.tell(what.actor, identifier, error);
        const scanned = found.numbers.length + found.broken.length;
        status = { scanned, changed: namesIn(steps).size, failed: failed.length };
        written = steps;
      });
    } catch (error) {
      if (isPostgresUnavailable(error)) throw new StoreUnavailable('postgres', error);
      throw error;
    }
    what.committed?.(written);
    await this.afterCommit.announce(written);
    return status;
  }

  /** All at once; where something of it cannot be written, one by one, so that it keeps up nobody else. */
  private async carryOut(
    manager: EntityManager,
    { actor, decide }: Reconciliation,
    { numbers, now }: DueBatch,
  ): Promise<CarriedOut> {
    const failures: DueBatch['broken'] = [];
    const decided = numbers.flatMap((number): (readonly Step[])[] => {
      try {
        return [decide(number, { now: later(now, number.changedAt), policy: this.policy })];
      } catch (error) {
        failures.push({ identifier: number.identifier, error });
        return [];
      }
    });
    const steps = decided.flat();
    if (steps.length === 0) return { steps, failures };
    if ((await this.write(manager, steps, actor)) === WRITTEN) return { steps, failures };
    const written: Step[] = [];
    for (const ofOne of decided) {
      const [first] = ofOne;
      if (!first) continue;
      const error = await this.write(manager, ofOne, actor);
      if (error === WRITTEN) written.push(...ofOne);
      else failures.push({ identifier: first.before.identifier, error });
    }
    return { steps: written, failures };
  }

  /**
   * Under a savepoint: what fails leaves the transaction as it was.
   * @returns WRITTEN, or the fault of these rows
   * @throws what is no fault of theirs
   */
  private async write(
    manager: EntityManager,
    steps: readonly Step[],
    actor: string,
  ): Promise<unknown> {
    const origin = { actor, app: this.config.app };
    try {
      await manager.transaction((inner) => this.changes.write(inner, [{ steps, origin }]));
      return WRITTEN;
    } catch (error) {
      if (isPostgresUnavailable(error) || wasGivenUp(error)) throw error;
      return error;
    }
  }

  /** Not at each run: some reconcilers run many times a second, and nothing mends the row meanwhile. */
  private tell(actor: string, identifier: string, error: unknown): void {
    if (this.told.has(identifier)) return;
    this.told.set(identifier, true);
    this.log.error({ identifier, err: error }, `${actor}: row left alone, repair it by hand`);
  }
}

const namesIn = (steps: readonly Step[]): Set<string> =>
  new Set(steps.map(({ after }) => after.identifier));

const later = (a: Date, b: Date): Date => (a > b ? a : b);
