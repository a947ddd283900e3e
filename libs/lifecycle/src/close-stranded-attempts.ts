import { Inject, Injectable } from '@nestjs/common';
import {
  LedgerRecordStore,
  NumberStore,
  RenewalAttemptStore,
  type StoredAttempt,
} from '@numbering/persistence';
import { processLog, type Config, type Log } from '@numbering/platform';
import { DataSource } from 'typeorm';
import { RECONCILE_BATCH_SIZE, type ReconcilerStatus } from './reconcile';
import { RENEWAL_ACTOR } from './renewing-numbers';
import { CONFIG } from './tokens';
import { alertUnused, unusedApproval } from './unused-approval';

/** Batches in one run; what is left is the next run's. */
const MAX_BATCHES_PER_RUN = 500;

/**
 * Ruling 28: questions whose lease has ended before their answer could be used. An approval that was kept leaves its
 * audit row and its alert; a question that billing never answered is told too, since it may have been charged.
 */
@Injectable()
export class CloseStrandedAttempts {
  private readonly log: Log;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly attempts: RenewalAttemptStore,
    private readonly numbers: NumberStore,
    private readonly records: LedgerRecordStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.log = processLog(config);
  }

  async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    const status = { scanned: 0, changed: 0, failed: 0 };
    let afterKey = '';
    for (let batch = 0; batch < MAX_BATCHES_PER_RUN && !signal?.aborted; batch++) {
      const stranded = await this.oneBatch(afterKey);
      status.scanned += stranded.length;
      status.changed += stranded.length;
      afterKey = stranded.at(-1)?.idempotencyKey ?? '';
      if (stranded.length < RECONCILE_BATCH_SIZE) break;
    }
    return status;
  }

  private async oneBatch(afterKey: string): Promise<StoredAttempt[]> {
    const stranded = await this.dataSource.transaction(async (manager) => {
      const found = await this.attempts.stranded(manager, afterKey, RECONCILE_BATCH_SIZE);
      const now = await this.numbers.databaseTime(manager);
      const origin = { actor: RENEWAL_ACTOR, app: this.config.app };
      for (const each of found.filter(wasApproved)) {
        await this.records.write(manager, unusedApproval(each, now), origin);
      }
      const results = found.map(({ idempotencyKey }) => ({
        idempotencyKey,
        answer: { kind: 'NONE' } as const,
        isSettled: true,
      }));
      await this.attempts.record(manager, results);
      return found;
    });
    alertUnused(this.log, stranded.filter(wasApproved));
    for (const { idempotencyKey, leaseId, question } of stranded.filter((each) => !each.answer)) {
      const { tenantId, identifier } = question;
      this.log.warn(
        { leaseId, tenantId, identifier, idempotencyKey },
        'the lease ended before billing said whether it had charged: ask billing by this key',
      );
    }
    return stranded;
  }
}

const wasApproved = ({ answer }: StoredAttempt): boolean => answer === 'APPROVED';
