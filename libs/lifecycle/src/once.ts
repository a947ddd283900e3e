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

type Work<A> = (manager: EntityManager) => Promise<Answered<A> | Refused>;

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
   * @param manager other connections than those of requests
   * @throws StoreUnavailable where Postgres is away
   */
  run<A>(
    ask: IdempotencyAsk | undefined,
    work: Work<A>,
    manager = this.dataSource.manager,
  ): Promise<Outcome<A>> {
    return inTransaction(manager, async (inside) => {
      if (ask && !(await this.idempotency.enter(inside, ask))) return IN_PROGRESS;
      return (await this.first<A>(inside, ask)) ?? this.kept(inside, ask, work);
    });
  }

  /**
   * The same for work that takes long before its transaction: on the caller's own connection, which
   * holds the key from here on. The transaction reads no answers of others, so that it does not
   * stand in the way of their partitions' maintenance for as long as it takes.
   * @param prepare what is done outside; it resolves to what is to be done in the transaction
   */
  async runPrepared<A>(
    manager: EntityManager,
    ask: IdempotencyAsk | undefined,
    prepare: (commit: (work: Work<A>) => Promise<Outcome<A>>) => Promise<Outcome<A>>,
  ): Promise<Outcome<A>> {
    if (ask && !(await this.idempotency.hold(manager, ask))) return IN_PROGRESS;
    const first = await this.first<A>(manager, ask);
    if (first) return first;
    return prepare((work) => inTransaction(manager, (inside) => this.kept(inside, ask, work)));
  }

  /** What stands under the key already. */
  private async first<A>(
    manager: EntityManager,
    ask: IdempotencyAsk | undefined,
  ): Promise<Outcome<A> | undefined> {
    const first = ask && (await this.idempotency.find(manager, ask));
    if (!first) return undefined;
    if (first.fingerprint !== ask.fingerprint) return REUSED;
    return { ...(first.answer as Answered<A> | Refused), replayed: true };
  }

  private async kept<A>(
    manager: EntityManager,
    ask: IdempotencyAsk | undefined,
    work: Work<A>,
  ): Promise<Outcome<A>> {
    const done = await work(manager);
    if (ask) await this.idempotency.keep(manager, ask, done);
    return { ...done, replayed: false };
  }
}

async function inTransaction<T>(
  manager: EntityManager,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await manager.transaction(work);
    } catch (error) {
      if (isPostgresUnavailable(error)) throw new StoreUnavailable('postgres', error);
      if (attempt >= MAX_TRANSACTION_ATTEMPTS || !isWorthAnotherTry(error)) throw error;
    }
  }
}

const refused = (refusal: Refusal) => ({ refusal, replayed: false });

const IN_PROGRESS = refused(
  refuse(
    'IDEMPOTENCY_IN_PROGRESS',
    'The first call with this Idempotency-Key is still running: ask again',
  ),
);
const REUSED = refused(
  refuse('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key stands for another call: use a new one'),
);

/** Whether Postgres gave a transaction up that may well succeed the next time. */
export function isWorthAnotherTry(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}
