import type { AroundMoment, Move } from '@numbering/persistence';

/** Who held a number at a moment. */
export interface StandingAt {
  identifier: string;
  at: Date;
  state: string;
  /** Of who had claimed it; absent where nobody had. */
  tenantId?: string;
  leaseId?: string;
  since: Date;
  /** When that ended; absent where it stands so still. */
  until?: Date;
}

const CLAIMED_STATES = new Set(['RESERVED', 'HELD', 'LEASED', 'SUSPENDED']);
/** The row that a worker writes some time after a claim or a cool-down has ended by itself. */
const SWEPT_BY: Readonly<Record<string, string>> = {
  RESERVED: 'TTL_EXPIRE',
  HELD: 'TTL_EXPIRE',
  QUARANTINE: 'QUARANTINE_END',
};

/**
 * For regulators: the standing at `at`, from the rows around it. A claim past its end at that
 * moment was nobody's, and a cool-down past its end was over, whenever a worker wrote it down
 * (ruling 19). A moment ahead is answered as it stands now. Undefined before the number's birth: it
 * was not in the ledger.
 */
export function standingAt(
  identifier: string,
  at: Date,
  around: AroundMoment,
): StandingAt | undefined {
  const { bornAt, last, next, now } = around;
  if (at < bornAt) return undefined;
  const judgedAt = at < now ? at : now;
  const state = last?.to ?? 'AVAILABLE';
  const since = last?.at ?? bornAt;
  const endedAt = endedByItself(around, state);
  if (endedAt !== undefined && endedAt <= judgedAt) {
    // The sweep's own row changes nothing that counts: the standing lasts until the row after it.
    const isSwept = next[0]?.action === SWEPT_BY[state];
    const until = (isSwept ? next[1] : next[0])?.at;
    return {
      identifier,
      at,
      state: 'AVAILABLE',
      since: later(endedAt, since),
      ...present({ until }),
    };
  }
  const until = endedAt !== undefined && endedAt <= now ? endedAt : next[0]?.at;
  return { identifier, at, state, ...holderOf(state, last), since, ...present({ until }) };
}

/**
 * The end that came without anybody's doing: only where nothing else had ended the standing before.
 */
function endedByItself({ next, expiresAt, availableAt }: AroundMoment, state: string) {
  const sweep = SWEPT_BY[state];
  const endedOtherwise = next[0] !== undefined && next[0].action !== sweep;
  if (sweep === undefined || endedOtherwise) return undefined;
  return (state === 'QUARANTINE' ? availableAt : expiresAt) ?? undefined;
}

const holderOf = (state: string, last: Move | null) =>
  CLAIMED_STATES.has(state) && last
    ? present({ tenantId: last.tenantId ?? undefined, leaseId: last.leaseId ?? undefined })
    : {};

const present = <T extends object>(members: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Partial<T>;

const later = (a: Date, b: Date): Date => (a > b ? a : b);
