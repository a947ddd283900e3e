import { Inject, Injectable } from '@nestjs/common';
import type { Refusal } from '@numbering/domain';
import { LedgerRecordStore, NumberStore, type LedgerRecord } from '@numbering/persistence';
import type { Config } from '@numbering/platform';
import type { EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { Once } from './once';
import { isRefused, type CommandContext, type Outcome } from './outcome';
import { CONFIG } from './tokens';

/** What an act without one identifier came to. */
export type Act<A> = Done<A> | NotDone;

interface Done<A> {
  answer: A;
  records: readonly LedgerRecord[];
}

/** A refusal that leaves a record changes nothing else. */
interface NotDone {
  refusal: Refusal;
  records?: readonly LedgerRecord[];
}

/**
 * The transaction of an administrator's act that moves no number: run once for its idempotency key, at one moment of the
 * database's clock, with its audit row and event beside its effect.
 */
@Injectable()
export class LedgerAct {
  constructor(
    private readonly once: Once,
    private readonly numbers: NumberStore,
    private readonly records: LedgerRecordStore,
    private readonly afterCommit: AfterCommit,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async run<A>(
    context: CommandContext,
    act: (manager: EntityManager, now: Date) => Promise<Act<A>>,
    once: Once = this.once,
  ): Promise<Outcome<A>> {
    const origin = {
      actor: context.caller.sub,
      requestId: context.requestId,
      app: this.config.app,
    };
    let written: readonly LedgerRecord[] = [];
    const outcome = await once.run<A>(context.idempotency, async (manager) => {
      const now = await this.numbers.databaseTime(manager);
      const done = await act(manager, now);
      written = done.records ?? [];
      for (const record of written) await this.records.write(manager, record, origin);
      return isRefused(done) ? { refusal: done.refusal } : { answer: done.answer };
    });
    if (!outcome.replayed) await this.afterCommit.announceRecords(written);
    return outcome;
  }
}
