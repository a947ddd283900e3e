import { Inject, Injectable } from '@nestjs/common';
import type { Refusal } from '@numbering/domain';
import { LedgerRecordStore, NumberStore, type LedgerRecord } from '@numbering/persistence';
import type { Config } from '@numbering/platform';
import type { EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { Once } from './once';
import {
  isRefused,
  type Answered,
  type CommandContext,
  type Outcome,
  type Refused,
} from './outcome';
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

/** What an act does in its transaction, at the database's time. */
export type ActWork<A> = (manager: EntityManager, now: Date) => Promise<Act<A>>;
/** Runs the transaction of an act. */
export type Commit<A> = (work: ActWork<A>) => Promise<Outcome<A>>;

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

  /** @param manager other connections than those of requests */
  run<A>(context: CommandContext, work: ActWork<A>, manager?: EntityManager): Promise<Outcome<A>> {
    return this.told(context, work, (inside) =>
      this.once.run<A>(context.idempotency, inside, manager),
    );
  }

  /**
   * The same for an act that takes long before its transaction.
   * @param manager of a connection of the act's own
   */
  runPrepared<A>(
    context: CommandContext,
    manager: EntityManager,
    prepare: (commit: Commit<A>) => Promise<Outcome<A>>,
  ): Promise<Outcome<A>> {
    return this.once.runPrepared<A>(manager, context.idempotency, (transaction) =>
      prepare((work) => this.told(context, work, transaction)),
    );
  }

  private async told<A>(
    context: CommandContext,
    work: ActWork<A>,
    transaction: (
      inside: (manager: EntityManager) => Promise<Answered<A> | Refused>,
    ) => Promise<Outcome<A>>,
  ): Promise<Outcome<A>> {
    const origin = {
      actor: context.caller.sub,
      requestId: context.requestId,
      app: this.config.app,
    };
    let written: readonly LedgerRecord[] = [];
    const outcome = await transaction(async (manager) => {
      const now = await this.numbers.databaseTime(manager);
      const done = await work(manager, now);
      written = done.records ?? [];
      for (const record of written) await this.records.write(manager, record, origin);
      return isRefused(done) ? { refusal: done.refusal } : { answer: done.answer };
    });
    if (!outcome.replayed) await this.afterCommit.announceRecords(written);
    return outcome;
  }
}
