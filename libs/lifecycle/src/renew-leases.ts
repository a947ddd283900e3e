import { Inject, Injectable } from '@nestjs/common';
import type { Policy, RenewalOutcome } from '@numbering/domain';
import {
  FIRST_RENEWALS,
  JobRunStore,
  LOCK_NOT_AVAILABLE,
  NumberStore,
  RenewalStore,
} from '@numbering/persistence';
import {
  counter,
  isPostgresUnavailable,
  processLog,
  sleepMs,
  StoreUnavailable,
  type Config,
  type Log,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { AskBilling } from './ask-billing';
import { CloseStrandedAttempts } from './close-stranded-attempts';
import { sqlStateOf, wasGivenUp } from './once';
import { PrepareRenewals, type PreparedRenewals } from './prepare-renewals';
import { RECONCILE_BATCH_SIZE, type ReconcilerStatus } from './reconcile';
import { SettleRenewals, type AnsweredRenewal } from './settle-renewals';
import { CONFIG, POLICY } from './tokens';

export const RENEWAL_JOB = 'renew-leases';

/** Pages in one run: ten million leases. What is left is due the next day as well. */
const MAX_PAGES_PER_RUN = 50_000;
/** How often a run waits until billing may be asked again; after that its other questions fail at once. */
const MAX_RESTS_PER_RUN = 12;
/** How often a batch whose transaction Postgres gave up is tried in all. */
const MAX_BATCH_ATTEMPTS = 3;

/**
 * US-NUM-005, US-NUM-012, rulings 27 to 30: the daily run. Page by page along the ends of the leases: attempts are
 * written down, billing is asked with bounded parallelism and outside any transaction, and its answers are settled. At
 * any moment it knows one page and no more, so that a hundred thousand due leases take the memory of two hundred. What
 * fails keeps up nobody else and is the next run's.
 */
@Injectable()
export class RenewLeases {
  private readonly log: Log;
  private readonly renewals = counter('num_renewals_total');
  private readonly unavailable = counter('num_billing_unavailable_total');

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly store: RenewalStore,
    private readonly numbers: NumberStore,
    private readonly jobRuns: JobRunStore,
    private readonly stranded: CloseStrandedAttempts,
    private readonly prepare: PrepareRenewals,
    private readonly billing: AskBilling,
    private readonly settle: SettleRenewals,
    @Inject(POLICY) private readonly policy: Policy,
    @Inject(CONFIG) config: Config,
  ) {
    this.log = processLog(config);
  }

  /**
   * @param signal ends it after the page under way: questions that are not answered yet are given up
   * @throws StoreUnavailable where Postgres is away
   */
  async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    try {
      return await this.allPages(signal);
    } catch (error) {
      if (isPostgresUnavailable(error)) throw new StoreUnavailable('postgres', error);
      throw error;
    }
  }

  private async allPages(signal?: AbortSignal): Promise<ReconcilerStatus> {
    const { manager } = this.dataSource;
    const beganAt = await this.numbers.databaseTime(manager);
    await this.stranded.run(signal);
    const status = { scanned: 0, changed: 0, failed: 0 };
    let after = FIRST_RENEWALS;
    let rests = 0;
    for (let page = 0; page < MAX_PAGES_PER_RUN && !signal?.aborted; page++) {
      const due = await this.store.duePage(manager, this.policy, after, RECONCILE_BATCH_SIZE);
      if (due.identifiers.length === 0) break;
      const done = await this.onePage(due.identifiers, signal);
      status.scanned += done.scanned;
      status.changed += done.changed;
      status.failed += done.failed;
      after = due.next;
      if (this.billing.leftAloneForMs > 0 && rests++ < MAX_RESTS_PER_RUN) {
        await sleepMs(this.billing.leftAloneForMs, signal).catch(() => undefined);
      }
    }
    if (!signal?.aborted) await this.jobRuns.ran(manager, RENEWAL_JOB, beganAt);
    return status;
  }

  private async onePage(
    identifiers: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReconcilerStatus> {
    const prepared = await this.tried(() => this.prepare.run(identifiers));
    if (!prepared) return { scanned: identifiers.length, changed: 0, failed: identifiers.length };
    const answered = await this.askAll(prepared, signal);
    const { changed, failed } = await this.settled(answered);
    const { status } = prepared;
    return {
      scanned: status.scanned,
      changed: status.changed + changed,
      failed: status.failed + failed,
    };
  }

  private async askAll(
    { open }: PreparedRenewals,
    signal?: AbortSignal,
  ): Promise<AnsweredRenewal[]> {
    const answered = await Promise.all(
      open.map(async (renewal) => ({
        renewal,
        answer: renewal.kept ?? (await this.billing.run(renewal, signal)),
      })),
    );
    // A question that we gave up ourselves is no fault of billing's; it keeps its key.
    if (!signal?.aborted) return answered;
    return answered.filter(({ answer }) => answer.kind !== 'NONE');
  }

  private async settled(answered: readonly AnsweredRenewal[]) {
    if (answered.length === 0) return NOTHING;
    const done = await this.tried(() => this.settle.run(answered));
    if (!done) {
      await this.settle.keepAnswers(answered);
      return { ...NOTHING, failed: answered.length };
    }
    for (const outcome of done.outcomes) this.count(outcome);
    return done.status;
  }

  private count(outcome: RenewalOutcome['kind']): void {
    this.renewals.inc({ outcome: outcome.toLowerCase() });
    if (outcome === 'UNANSWERED') this.unavailable.inc();
  }

  /** undefined where it failed: told, and no reason to leave the other pages due. */
  private async tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (isPostgresUnavailable(error)) throw error;
        const isPassing = wasGivenUp(error) || sqlStateOf(error) === LOCK_NOT_AVAILABLE;
        if (isPassing && attempt < MAX_BATCH_ATTEMPTS) continue;
        this.log.error({ err: error }, 'a page of renewals failed; the next run comes back to it');
        return undefined;
      }
    }
  }
}

const NOTHING: ReconcilerStatus = { scanned: 0, changed: 0, failed: 0 };
