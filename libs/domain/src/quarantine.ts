import type { Caller } from './caller';
import { invalidState, unknownIdentifier } from './claim-rules';
import type { Decision, Facts } from './decision';
import { step, type NumberRecord } from './number-state';
import { MIN_JUSTIFICATION_CHARS } from './policy';
import { refuse } from './refusal';
import { settle } from './settle';

export interface OverrideAsk {
  caller: Caller;
  written: string;
  justification: string;
}

/** Shape of the ask, before anything is looked up (ruling 23). Space around it is no part of a justification. */
export const overrideShape = (justification: unknown) =>
  typeof justification === 'string' && charsIn(justification.trim()) >= MIN_JUSTIFICATION_CHARS
    ? undefined
    : refuse(
        'JUSTIFICATION_REQUIRED',
        `An override is justified in at least ${MIN_JUSTIFICATION_CHARS} characters`,
      );

/** As a reader counts them: an emoji is one, and so is a letter with its accents. */
const charsIn = (text: string): number => [...new Intl.Segmenter().segment(text)].length;

/** US-NUM-006: an officer ends a cool-down early; the recalled tenant stays barred until its original end (ruling 22). */
export function overrideQuarantine(
  found: NumberRecord | undefined,
  { caller, written, justification }: OverrideAsk,
  facts: Facts,
): Decision<NumberRecord> {
  if (!found) return unknownIdentifier(written);
  const { number } = settle(found, facts);
  if (number.state !== 'QUARANTINE') {
    return invalidState(
      number,
      undefined,
      `${number.identifier} is ${number.state}, not QUARANTINE`,
    );
  }
  const { ending, availableAt } = number;
  if (caller.sub === ending.actorId || caller.sub === ending.callerSub) {
    return refuse(
      'SELF_BYPASS_FORBIDDEN',
      'Who recalled a number cannot release it from quarantine',
    );
  }
  const released = step(number, { state: 'AVAILABLE' }, facts.now, {
    action: 'QUARANTINE_OVERRIDE',
    event: { type: 'numbering.identifier.released', data: { reason: 'ADMIN_OVERRIDE' } },
    reason: justification,
    ticketId: ending.ticketId,
    detail: { justification, availableAt: availableAt.toISOString(), recallReason: ending.reason },
    override: { adminId: caller.sub, justification, ending, availableAt },
  });
  return { steps: [released], answer: released.after };
}

export interface RetireAsk {
  written: string;
  reason: string;
  ticketId?: string;
}

/** An admin withdraws for good what is AVAILABLE or in QUARANTINE (rulings, "Words"). */
export function retire(
  found: NumberRecord | undefined,
  { written, reason, ticketId }: RetireAsk,
  facts: Facts,
): Decision<NumberRecord> {
  if (!found) return unknownIdentifier(written);
  const { number, steps } = settle(found, facts);
  if (number.state !== 'AVAILABLE' && number.state !== 'QUARANTINE') {
    return invalidState(
      number,
      undefined,
      `${number.identifier} is ${number.state}: end its claim first`,
    );
  }
  const retired = step(number, { state: 'RETIRED' }, facts.now, {
    action: 'RETIRE',
    event: { type: 'numbering.identifier.retired', data: { reason } },
    reason,
    ticketId,
  });
  return { steps: [...steps, retired], answer: retired.after };
}
