import { invalidState, unknownIdentifier } from './claim-rules';
import type { Decision, Facts } from './decision';
import { step, type NumberRecord } from './number-state';
import { settle } from './settle';

export interface SuspendAsk {
  written: string;
  reason: string;
  ticketId?: string;
}

/** Ruling 26: an admin stops a lease for a while; its term runs on and its quota slot stays taken. */
export function suspend(
  found: NumberRecord | undefined,
  ask: SuspendAsk,
  facts: Facts,
): Decision<NumberRecord> {
  if (!found) return unknownIdentifier(ask.written);
  const { number } = settle(found, facts);
  if (number.state !== 'LEASED') {
    return invalidState(number, undefined, `${number.identifier} is ${number.state}, not LEASED`);
  }
  return mark(number, 'SUSPENDED', ask, facts);
}

/** The way back. */
export function resume(
  found: NumberRecord | undefined,
  ask: SuspendAsk,
  facts: Facts,
): Decision<NumberRecord> {
  if (!found) return unknownIdentifier(ask.written);
  const { number } = settle(found, facts);
  if (number.state !== 'SUSPENDED') {
    return invalidState(
      number,
      undefined,
      `${number.identifier} is ${number.state}, not SUSPENDED`,
    );
  }
  return mark(number, 'LEASED', ask, facts);
}

function mark(
  number: Extract<NumberRecord, { state: 'LEASED' | 'SUSPENDED' }>,
  state: 'LEASED' | 'SUSPENDED',
  { reason, ticketId }: SuspendAsk,
  { now }: Facts,
): Decision<NumberRecord> {
  const { lease } = number;
  const isSuspension = state === 'SUSPENDED';
  const marked = step(number, { state, lease }, now, {
    action: isSuspension ? 'SUSPEND' : 'RESUME',
    event: {
      type: isSuspension ? 'numbering.lease.suspended' : 'numbering.lease.resumed',
      data: { reason },
    },
    tenantId: lease.tenantId,
    leaseId: lease.leaseId,
    reason,
    ticketId,
    claim: { kind: 'MARK', leaseId: lease.leaseId, state },
  });
  return { steps: [marked], answer: marked.after };
}
