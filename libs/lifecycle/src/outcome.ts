import type { Caller, Refusal } from '@numbering/domain';
import type { IdempotencyAsk } from '@numbering/persistence';

/** What a command came to. Under an idempotency key a repeat gets the first one, `replayed`. */
export type Outcome<A> = (Answered<A> | Refused) & { replayed: boolean };

export interface Answered<A> {
  /** In its JSON form where it was replayed. */
  answer: A;
}

export interface Refused {
  refusal: Refusal;
}

export const isRefused = <A>(outcome: Answered<A> | Refused): outcome is Refused =>
  'refusal' in outcome;

/** Who asks, in which request, and under which idempotency key. */
export interface CommandContext {
  caller: Caller;
  requestId?: string;
  idempotency?: IdempotencyAsk;
}
