import { Inject, Injectable } from '@nestjs/common';
import { isRunning, renewalTurn, type BillingAnswer, type RenewalAttempt } from '@numbering/domain';
import { RenewalAttemptStore, type StoredAttempt } from '@numbering/persistence';
import { processLog, type Config, type Log } from '@numbering/platform';
import type { BillingCall } from './ask-billing';
import { Reconcile, type ReconcilerStatus } from './reconcile';
import { RENEWAL_ACTOR, RenewingNumbers, type RenewingBatch } from './renewing-numbers';
import { CONFIG } from './tokens';

/** One lease about which billing's answer is wanted. */
export interface OpenRenewal extends BillingCall {
  identifier: string;
  leaseId: string;
  termId: string;
  /** An approval that came earlier and could not be used yet: nobody is asked again. */
  kept?: BillingAnswer;
}

export interface PreparedRenewals {
  status: ReconcilerStatus;
  open: OpenRenewal[];
}

/**
 * The first half of a renewal: in one transaction, says of each number of a page whether billing is to be asked, tells
 * what is to be told where it is not (a suspended tenant's skip, a reminder), and writes the attempts down before a
 * question leaves.
 */
@Injectable()
export class PrepareRenewals {
  private readonly log: Log;

  constructor(
    private readonly reconcile: Reconcile,
    private readonly numbers: RenewingNumbers,
    private readonly attempts: RenewalAttemptStore,
    @Inject(CONFIG) config: Config,
  ) {
    this.log = processLog(config);
  }

  async run(identifiers: readonly string[]): Promise<PreparedRenewals> {
    const asked: { identifier: string; attempt: RenewalAttempt }[] = [];
    let batch: RenewingBatch;
    let stored = new Map<string, StoredAttempt>();
    const status = await this.reconcile.batch({
      actor: RENEWAL_ACTOR,
      pick: async (manager) => {
        batch = await this.numbers.load(manager, identifiers, { holdsTenants: false });
        return batch.found;
      },
      decide: (number, at) => {
        if (!isRunning(number)) return [];
        const turn = renewalTurn(number, { ...at, ...batch.factsOf(number) });
        if (!turn.ask) return turn.steps;
        asked.push({ identifier: number.identifier, attempt: turn.ask });
        return [];
      },
      alongside: async (manager) => {
        stored = await this.attempts.open(
          manager,
          asked.map(({ attempt }) => attempt),
        );
      },
    });
    const open = asked.flatMap(({ identifier, attempt }) => {
      const found = stored.get(attempt.idempotencyKey);
      return found && !found.isSettled ? [openOf(identifier, found)] : [];
    });
    // Its lease is as it was, yet the attempt has come to something: somebody has written into the ledger by hand.
    for (const { idempotencyKey, isSettled } of stored.values()) {
      if (isSettled)
        this.log.error({ idempotencyKey }, 'this question was settled: not asked again');
    }
    return { status: { ...status, failed: status.failed + asked.length - open.length }, open };
  }
}

const openOf = (identifier: string, found: StoredAttempt): OpenRenewal => ({
  identifier,
  idempotencyKey: found.idempotencyKey,
  leaseId: found.leaseId,
  termId: found.termId,
  question: found.question,
  ...(found.answer === 'APPROVED'
    ? { kept: { kind: 'APPROVED', reference: found.reference } }
    : {}),
});
