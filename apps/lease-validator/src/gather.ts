import { monotonicMs, StoreUnavailable } from '@numbering/platform';

/** A question of one key. */
export interface Ask {
  /** What two questions for the same thing share. */
  readonly matchKey: string;
}

/** Keys of one query. */
const MAX_BATCH = 1_000;
/** Queries of one kind under way at a time; what is asked meanwhile goes with the next. */
const MAX_BATCHES_UNDER_WAY = 4;
/** Questions that may wait for a query; who comes later is told that the store is busy. */
const MAX_WAITING = 20_000;
/** A later question joins a read only this long after it began: its answer is not to be old. */
const JOINABLE_MS = 200;

interface Flight<A, R> {
  ask: A;
  answer: Promise<R>;
  settle: (result: R) => void;
  fail: (error: unknown) => void;
  beganAtMs: number | undefined;
}

/** Answers those of a batch that it can by `settle`; rejecting fails the rest. */
export type Load<A, R> = (
  asks: readonly A[],
  settle: (key: string, result: R) => void,
) => Promise<void>;

/**
 * Gathers what is asked within one turn of the event loop into one query, and asks for one key
 * once at a time, however many wait for it.
 */
export class Gather<A extends Ask, R> {
  private readonly flights = new Map<string, Flight<A, R>>();
  private waiting: Flight<A, R>[] = [];
  private underWay = 0;
  private isScheduled = false;

  constructor(private readonly load: Load<A, R>) {}

  ask(ask: A): Promise<R> {
    const flight = this.flights.get(ask.matchKey);
    if (flight && isJoinable(flight)) return flight.answer;
    if (this.waiting.length >= MAX_WAITING) {
      return Promise.reject(new StoreUnavailable('postgres', new Error('too many questions wait')));
    }
    const fresh = newFlight<A, R>(ask);
    this.flights.set(ask.matchKey, fresh);
    this.waiting.push(fresh);
    this.schedule();
    return fresh.answer;
  }

  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0) return;
    if (this.underWay >= MAX_BATCHES_UNDER_WAY) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      void this.run(this.waiting.splice(0, MAX_BATCH));
      this.schedule();
    });
  }

  private async run(batch: readonly Flight<A, R>[]): Promise<void> {
    this.underWay++;
    const beganAtMs = monotonicMs();
    for (const flight of batch) flight.beganAtMs = beganAtMs;
    const byKey = new Map(batch.map((flight) => [flight.ask.matchKey, flight]));
    const land = (flight: Flight<A, R>): void => {
      const { matchKey } = flight.ask;
      byKey.delete(matchKey);
      if (this.flights.get(matchKey) === flight) this.flights.delete(matchKey);
    };
    let why: unknown = new Error('a question was left without an answer');
    try {
      const asks = batch.map((flight) => flight.ask);
      await this.load(asks, (key, result) => {
        const flight = byKey.get(key);
        if (!flight) return;
        land(flight);
        flight.settle(result);
      });
    } catch (error) {
      why = error;
    }
    for (const flight of [...byKey.values()]) {
      land(flight);
      flight.fail(why);
    }
    this.underWay--;
    this.schedule();
  }
}

const isJoinable = ({ beganAtMs }: { beganAtMs: number | undefined }): boolean =>
  beganAtMs === undefined || monotonicMs() - beganAtMs < JOINABLE_MS;

function newFlight<A, R>(ask: A): Flight<A, R> {
  let settle: Flight<A, R>['settle'] = () => undefined;
  let fail: Flight<A, R>['fail'] = () => undefined;
  const answer = new Promise<R>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { ask, answer, settle, fail, beganAtMs: undefined };
}
