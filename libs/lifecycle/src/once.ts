import { Inject, Injectable } from '@nestjs/common';
import { refuse, type Refusal } from '@numbering/domain';
import { IdempotencyStore, type IdempotencyAsk } from '@numbering/persistence';
import { isPostgresUnavailable, StoreUnavailable } from '@numbering/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { type Answered, type Outcome, type Refused } from './outcome';

/** How often a transaction that Postgres gave up (40001, 40P01) is tried in all. */
const MAX_TRANSACTION_ATTEMPTS = 3;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/**
 * One transaction that runs at most once for an idempotency key (ruling 42): the key is taken by an advisory lock of
 * the transaction, a repeat gets the stored answer, and the answer is stored in the transaction of its effect, so that
 * a lost reply to COMMIT can be asked for again.
 */
@Injectable()
export class Once {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    private readonly idempotency: IdempotencyStore,
  ) {}

  /**
   * @param work what is to be done; its refusal commits too, since it is kept as the answer
   * @throws StoreUnavailable where Postgres is away
   */
  async run<A>(
    ask: IdempotencyAsk | undefined,
    work: (manager: EntityManager) => Promise<Answered<A> | Refused>,
  ): Promise<Outcome<A>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction((manager) => this.inside(manager, ask, work));
      } catch (error) {
        if (isPostgresUnavailable(error)) throw new StoreUnavailable('postgres', error);
        if (attempt >= MAX_TRANSACTION_ATTEMPTS || !isWorthAnotherTry(error)) throw error;
      }
    }
  }

  private async inside<A>(
    manager: EntityManager,
    ask: IdempotencyAsk | undefined,
    work: (manager: EntityManager) => Promise<Answered<A> | Refused>,
  ): Promise<Outcome<A>> {
    if (!ask) return { ...(await work(manager)), replayed: false };
    if (!(await this.idempotency.enter(manager, ask))) {
      return { refusal: IN_PROGRESS, replayed: false };
    }
    const first = await this.idempotency.find(manager, ask);
    if (first) {
      if (first.fingerprint !== ask.fingerprint) return { refusal: REUSED, replayed: false };
      return { ...(first.answer as Answered<A> | Refused), replayed: true };
    }
    const done = await work(manager);
    await this.idempotency.keep(manager, ask, done);
    return { ...done, replayed: false };
  }
}

const IN_PROGRESS: Refusal = refuse(
  'IDEMPOTENCY_IN_PROGRESS',
  'The first call with this Idempotency-Key is still running: ask again',
);
const REUSED: Refusal = refuse(
  'IDEMPOTENCY_KEY_REUSED',
  'This Idempotency-Key stands for another call: use a new one',
);

function isWorthAnotherTry(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}
