import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { LedgerEvent } from '@numbering/contracts';
import {
  isRunning,
  nothingToRenew,
  quotaWarning,
  settleRenewal,
  type BillingAnswer,
  type NumberRecord,
  type Policy,
  type RenewalOutcome,
} from '@numbering/domain';
import { LedgerRecordStore, RenewalAttemptStore, type StoredAttempt } from '@numbering/persistence';
import { processLog, type Config, type Log } from '@numbering/platform';
import { DataSource, type EntityManager } from 'typeorm';
import type { OpenRenewal } from './prepare-renewals';
import { Reconcile, type ReconcilerStatus } from './reconcile';
import { RENEWAL_ACTOR, RenewingNumbers, type RenewingBatch } from './renewing-numbers';
import { CONFIG } from './tokens';
import { alertUnused, unusedApproval } from './unused-approval';

/** A renewal with what billing said of it. */
export interface AnsweredRenewal {
  renewal: OpenRenewal;
  answer: BillingAnswer;
}

export interface SettledRenewals {
  status: ReconcilerStatus;
  outcomes: readonly RenewalOutcome['kind'][];
}

/** An answer, the number as it is now, and what the one comes to for the other. */
interface Settled extends AnsweredRenewal {
  number: NumberRecord;
  outcome: RenewalOutcome;
}

/** What an approval may wait for: the lease may be renewed by it later. An unanswered question stays open too. */
const STAYS_OPEN: ReadonlySet<RenewalOutcome['kind']> = new Set(['KEPT', 'UNANSWERED']);

/**
 * The second half of a renewal: in one transaction, what billing's answers come to for the numbers as they are now. An
 * attempt that another run has settled meanwhile is left alone, so that two runs at once renew once.
 */
@Injectable()
export class SettleRenewals {
  private readonly log: Log;

  constructor(
    private readonly reconcile: Reconcile,
    private readonly numbers: RenewingNumbers,
    private readonly attempts: RenewalAttemptStore,
    private readonly records: LedgerRecordStore,
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.log = processLog(config);
  }

  /** @param answered no two of them about one number */
  async run(answered: readonly AnsweredRenewal[]): Promise<SettledRenewals> {
    const byNumber = new Map(answered.map((each) => [each.renewal.identifier, each]));
    const settled: Settled[] = [];
    let written: readonly Settled[] = [];
    let batch: RenewingBatch;
    let stored = new Map<string, StoredAttempt>();
    const status = await this.reconcile.batch({
      actor: RENEWAL_ACTOR,
      pick: async (manager) => {
        batch = await this.numbers.load(manager, [...byNumber.keys()], { holdsTenants: true });
        stored = await this.attempts.lock(manager, answered.map(keyOf));
        return batch.found;
      },
      decide: (number, at) => {
        const each = byNumber.get(number.identifier);
        const attempt = each && stored.get(keyOf(each));
        if (!each || !attempt || isOver(attempt)) return [];
        const answer = keptAnswer(attempt) ?? each.answer;
        const outcome = this.decide(number, { ...each, answer }, at, batch);
        settled.push({ ...each, answer, number, outcome });
        return outcome.steps;
      },
      alongside: async (manager, { failures }) => {
        const failed = new Set(failures.map(({ identifier }) => identifier));
        written = settled.filter(({ number }) => !failed.has(number.identifier));
        await this.writeDown(manager, written, batch);
      },
    });
    const isDone = new Set(written.map(keyOf));
    await this.keepAnswers(
      answered.filter((each) => !isDone.has(keyOf(each)) && !isOver(stored.get(keyOf(each)))),
    );
    alertUnused(this.log, unusedOf(written));
    const outcomes = written.map(({ outcome }) => outcome.kind);
    const unanswered = outcomes.filter((kind) => kind === 'UNANSWERED').length;
    return { status: { ...status, failed: status.failed + unanswered }, outcomes };
  }

  /** Answers outlive a settlement that failed: nobody is asked a second time for what was said. */
  async keepAnswers(answered: readonly AnsweredRenewal[]): Promise<void> {
    const results = answered.map((each) => resultOf(each, false));
    await this.attempts.record(this.dataSource.manager, results);
  }

  private decide(
    number: NumberRecord,
    { renewal, answer }: AnsweredRenewal,
    at: { now: Date; policy: Policy },
    batch: RenewingBatch,
  ): RenewalOutcome {
    if (!isRunning(number)) return nothingToRenew(answer);
    const facts = { ...at, ...batch.factsOf(number), newTermId: randomUUID() };
    return settleRenewal(number, renewal, answer, facts);
  }

  private async writeDown(
    manager: EntityManager,
    settled: readonly Settled[],
    batch: RenewingBatch,
  ): Promise<void> {
    const { now } = batch.found;
    const origin = { actor: RENEWAL_ACTOR, app: this.config.app };
    const results = settled.map((each) => resultOf(each, !STAYS_OPEN.has(each.outcome.kind)));
    await this.attempts.record(manager, results);
    for (const unused of unusedOf(settled)) {
      await this.records.write(manager, unusedApproval(unused, now), origin);
    }
    for (const warning of warningsOf(settled, batch)) {
      await this.records.publish(manager, origin.app, now, warning);
    }
  }
}

const keyOf = ({ renewal }: { renewal: OpenRenewal }): string => renewal.idempotencyKey;

/** It has come to something, here or in another run. One that was closed without an answer may still get one. */
const isOver = (attempt: StoredAttempt | undefined): boolean =>
  attempt !== undefined && attempt.isSettled && attempt.answer !== null;

/** What billing said first stands: another run may have heard it before this one. */
const keptAnswer = ({ answer, reference }: StoredAttempt): BillingAnswer | undefined =>
  answer === 'APPROVED' ? { kind: 'APPROVED', reference } : undefined;

const resultOf = (
  { renewal: { idempotencyKey }, answer }: AnsweredRenewal,
  isSettled: boolean,
) => ({ idempotencyKey, answer, isSettled });

const unusedOf = (settled: readonly Settled[]) =>
  settled.flatMap(({ renewal, answer, outcome }) =>
    outcome.kind === 'UNUSABLE' && answer.kind === 'APPROVED'
      ? [{ ...renewal, reference: answer.reference }]
      : [],
  );

/** Ruling 30: one warning for a tenant and class in a transaction, however many of its leases are renewed by it. */
function warningsOf(settled: readonly Settled[], batch: RenewingBatch): LedgerEvent[] {
  const warnings = settled.flatMap(({ number, outcome }) => {
    if (outcome.kind !== 'RENEWED' || !isRunning(number)) return [];
    const { tenant } = batch.factsOf(number);
    return quotaWarning(tenant, number.identifierClass) ?? [];
  });
  const name = ({ key, data }: LedgerEvent): string => JSON.stringify([key, data]);
  return [...new Map(warnings.map((each) => [name(each), each])).values()];
}
