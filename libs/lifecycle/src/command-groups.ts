import { monotonicMs, StoreUnavailable } from '@numbering/platform';
import { LockTimeout } from './once';

/** How many go into one transaction: more would hold its locks too long. */
export const MAX_GROUP_SIZE = 64;
/** Numbers that go into one transaction, unless one command alone names more. */
export const MAX_GROUP_NUMBERS = 1_000;
/** Fewer are not worth two transactions. */
const MIN_SPLIT_SIZE = 4;
/** While one group is with the database, the other is with this process. */
const GROUPS_SIDE_BY_SIDE = 2;
/** While they are under way the next one gathers; when so many have, it does not wait any longer. */
const ENOUGH_FOR_ANOTHER = 32;
/** Groups under way at once, at most. */
const GROUPS_AT_ONCE = 4;
/** A group that takes longer waits for somebody's lock or for the store: others do not wait for it. */
const SLOW_GROUP_MS = 25;
/** Of those that wait for somebody else's lock, each in a transaction of its own. */
const ALONE_AT_ONCE = 8;
/** Beyond it a caller is told at once that the store cannot follow. */
export const MAX_WAITING = 10_000;
/** Who has waited longer is told so and left out: its caller is about to hear it anyway, and may ask again. */
const MAX_WAIT_MS = 1_500;

/** What was not done in its group, and changed nothing. */
export type Postponed =
  /** It depends on what another of the group did: in one of the next groups. */
  | 'LATER'
  /** It would have to wait, and must not let others wait for it: by itself. */
  | 'ALONE';

export interface Together<T, R> {
  /** How many numbers it is about. */
  numbersOf: (item: T) => number;
  /** Does them in one transaction. Throws where none of them was done. */
  together: (items: readonly T[]) => Promise<(R | Postponed)[]>;
  /** Does one, and may wait for others. */
  alone: (item: T) => Promise<R>;
}

interface Waiting<T, R> {
  item: T;
  sinceMs: number;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Lets calls that come at the same time share one transaction: at one caller it is a group of one, without delay; the
 * more callers, the fewer statements and commits each costs. One that fails its group is done alone, so that no caller
 * fails for another's sake.
 */
export class CommandGroups<T, R> {
  private readonly waiting: Waiting<T, R>[] = [];
  private readonly lonely: Waiting<T, R>[] = [];
  private groups = 0;
  private slowGroups = 0;
  /** In the groups that are not slow. */
  private quickItems = 0;
  private alone = 0;
  private isStarting = false;

  constructor(private readonly how: Together<T, R>) {}

  /** @throws StoreUnavailable where too many wait already */
  run(item: T): Promise<R> {
    if (this.waiting.length + this.lonely.length >= MAX_WAITING) {
      return Promise.reject(new StoreUnavailable('postgres', new Error(`${MAX_WAITING} wait`)));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, sinceMs: monotonicMs(), resolve, reject });
      this.startSoon();
    });
  }

  /** Not before all that have come in this turn are there: those of a group that has just ended come back together. */
  private startSoon(): void {
    if (this.isStarting) return;
    this.isStarting = true;
    setImmediate(() => {
      this.isStarting = false;
      this.start();
    });
  }

  private start(): void {
    while (this.waiting.length > 0 && this.mayBeginAnother()) {
      const group = this.nextGroup().filter(hasTime);
      if (group.length > 0) void this.oneGroup(group);
    }
    while (this.alone < ALONE_AT_ONCE && this.lonely.length > 0) {
      const [one] = this.lonely.splice(0, 1).filter(hasTime);
      if (!one) continue;
      this.alone++;
      void this.byItself(one).finally(() => {
        this.alone--;
        this.start();
      });
    }
  }

  private mayBeginAnother(): boolean {
    if (this.groups >= GROUPS_AT_ONCE) return false;
    if (this.waiting.length >= ENOUGH_FOR_ANOTHER) return true;
    // A small one beside a large one would cost as much as both need together.
    const isWorthIt = this.waiting.length >= this.quickItems;
    return isWorthIt && this.groups - this.slowGroups < GROUPS_SIDE_BY_SIDE;
  }

  private nextGroup(): Waiting<T, R>[] {
    const size = this.nextSize();
    let numbers = 0;
    const tooMany = this.waiting.findIndex(({ item }, i) => {
      numbers += this.how.numbersOf(item);
      return i >= size || (i > 0 && numbers > MAX_GROUP_NUMBERS);
    });
    return this.waiting.splice(0, tooMany === -1 ? size : tooMany);
  }

  /** Of many that find nothing under way, one half goes first and the other right behind it. */
  private nextSize(): number {
    if (this.groups > 0) return MAX_GROUP_SIZE;
    const half = Math.ceil(this.waiting.length / GROUPS_SIDE_BY_SIDE);
    return Math.min(MAX_GROUP_SIZE, Math.max(MIN_SPLIT_SIZE, half));
  }

  private async oneGroup(group: readonly Waiting<T, R>[]): Promise<void> {
    this.groups++;
    this.quickItems += group.length;
    let isSlow = false;
    const slow = setTimeout(() => {
      isSlow = true;
      this.slowGroups++;
      this.quickItems -= group.length;
      this.start();
    }, SLOW_GROUP_MS);
    await this.carryOut(group);
    clearTimeout(slow);
    if (isSlow) this.slowGroups--;
    else this.quickItems -= group.length;
    this.groups--;
    this.startSoon();
  }

  private async carryOut(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.how.together(group.map(({ item }) => item));
      const later = group.filter((_, i) => results[i] === 'LATER');
      this.waiting.unshift(...later);
      group.forEach((one, i) => {
        const result = results[i] as R | Postponed;
        if (result === 'ALONE') this.lonely.push(one);
        else if (result !== 'LATER') one.resolve(result);
      });
    } catch (error) {
      const isAway = error instanceof StoreUnavailable && !(error instanceof LockTimeout);
      if (group.length === 1 || isAway) {
        for (const { reject } of group) reject(error);
      } else {
        this.lonely.push(...group);
      }
    }
  }

  private async byItself({ item, resolve, reject }: Waiting<T, R>): Promise<void> {
    try {
      resolve(await this.how.alone(item));
    } catch (error) {
      reject(error);
    }
  }
}

function hasTime({ sinceMs, reject }: Waiting<unknown, never>): boolean {
  if (monotonicMs() - sinceMs <= MAX_WAIT_MS) return true;
  reject(new StoreUnavailable('postgres', new Error(`not begun within ${MAX_WAIT_MS} ms`)));
  return false;
}
