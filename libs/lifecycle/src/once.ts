import { Inject, Injectable } from '@nestjs/common';
import { refuse, type Refusal } from '@numbering/domain';
import {
  IdempotencyStore,
  LOCK_NOT_AVAILABLE,
  pipelined,
  type IdempotencyAsk,
  shortTransaction,
  type Ending,
  type StoredAnswer,
} from '@numbering/persistence';
import { isPostgresUnavailable, StoreUnavailable } from '@numbering/platform';
import { DataSource, type EntityManager } from 'typeorm';
import { type Answered, type Outcome, type Refused } from './outcome';

/** How often a transaction that Postgres gave up (40001, 40P01) is tried in all. */
const MAX_TRANSACTION_ATTEMPTS = 3;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** Somebody holds a row for longer than a caller can wait: it may ask again. */
export class LockTimeout extends StoreUnavailable {
  constructor(cause: unknown) {
    super('postgres', cause);
    this.name = 'LockTimeout';
  }
}

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
      if (ask && !(await this.idempotency.enter(inside, [ask]))[0]) return IN_PROGRESS;
      return (await this.first<A>(inside, ask)) ?? this.kept(inside, ask, work);
    });
  }

  /**
   * As `run`, for calls that share one transaction.
   * @param work decides those of the calls whose indices it is given, in their order, and says what is to be written
   * then; what it postpones leaves nothing under its key
   * @throws LockTimeout where somebody holds what it needs
   */
  async together<A, P extends string>(
    asks: readonly (IdempotencyAsk | undefined)[],
    work: (
      manager: EntityManager,
      indices: readonly number[],
    ) => Promise<Ending<(Answered<A> | Refused | P)[]>>,
  ): Promise<(Outcome<A> | P)[]> {
    const once = async (inside: EntityManager) => {
      const standing = await this.answersThatStand<A>(inside, asks);
      const open = [...asks.keys()].filter((i) => !standing.has(i));
      const done = open.length > 0 ? await work(inside, open) : NOTHING;
      const fresh = new Map(
        open.map((i, nth) => [i, done.result[nth] as Answered<A> | Refused | P]),
      );
      const kept = open.flatMap((i) => {
        const [ask, answer] = [asks[i], fresh.get(i)];
        return ask && typeof answer === 'object' ? [{ ask, answer }] : [];
      });
      const result = asks.map((_, i) => {
        const one = fresh.get(i);
        if (one === undefined) return standing.get(i) as Outcome<A>;
        return typeof one === 'string' ? one : { ...one, replayed: false };
      });
      const keep = () => (kept.length > 0 ? [this.idempotency.keep(inside, kept)] : []);
      return { result, last: () => [...done.last(), ...keep()] };
    };
    return tried(() => shortTransaction(this.dataSource, once));
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

  /** Takes the keys. @returns by index the calls for which nothing is left to do */
  private async answersThatStand<A>(
    manager: EntityManager,
    asks: readonly (IdempotencyAsk | undefined)[],
  ): Promise<ReadonlyMap<number, Outcome<A>>> {
    const standing = new Map<number, Outcome<A>>();
    const keyed = asks.flatMap((ask, i) => (ask ? [{ i, ask, name: nameOf(ask) }] : []));
    if (keyed.length === 0) return standing;
    // A key that stands twice among them: the second call came while the first was running.
    const firsts = [...new Map(keyed.toReversed().map((each) => [each.name, each])).values()];
    const first = firsts.map(({ ask }) => ask);
    // Sent in this order: who has entered reads what stands by then.
    const [entered, earlier] = await pipelined([
      this.idempotency.enter(manager, first),
      this.idempotency.find(manager, first),
    ]);
    const inside = new Set(firsts.filter((_, nth) => entered[nth]));
    for (const each of keyed) if (!inside.has(each)) standing.set(each.i, IN_PROGRESS);
    firsts.forEach((each, nth) => {
      const answer = earlier[nth];
      if (answer && inside.has(each)) standing.set(each.i, again<A>(answer, each.ask));
    });
    return standing;
  }

  /** What stands under the key already. */
  private async first<A>(
    manager: EntityManager,
    ask: IdempotencyAsk | undefined,
  ): Promise<Outcome<A> | undefined> {
    if (!ask) return undefined;
    const [earlier] = await this.idempotency.find(manager, [ask]);
    return earlier && again<A>(earlier, ask);
  }

  private async kept<A>(
    manager: EntityManager,
    ask: IdempotencyAsk | undefined,
    work: Work<A>,
  ): Promise<Outcome<A>> {
    const done = await work(manager);
    if (ask) await this.idempotency.keep(manager, [{ ask, answer: done }]);
    return { ...done, replayed: false };
  }
}

const NOTHING: Ending<[]> = { result: [], last: () => [] };

const inTransaction = <T>(
  manager: EntityManager,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> => tried(() => manager.transaction(work));

async function tried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (sqlStateOf(error) === LOCK_NOT_AVAILABLE) throw new LockTimeout(error);
      if (isPostgresUnavailable(error)) throw new StoreUnavailable('postgres', error);
      if (attempt >= MAX_TRANSACTION_ATTEMPTS || !wasGivenUp(error)) throw error;
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

/** The same call gets the first answer; another call under its key is told so. */
function again<A>(earlier: StoredAnswer, { fingerprint }: IdempotencyAsk): Outcome<A> {
  if (earlier.fingerprint !== fingerprint) return REUSED;
  return { ...(earlier.answer as Answered<A> | Refused), replayed: true };
}

const nameOf = ({ owner, key }: IdempotencyAsk): string => JSON.stringify([owner, key]);

export const sqlStateOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** Whether Postgres gave a transaction up that may well succeed the next time. */
export function wasGivenUp(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED;
}
