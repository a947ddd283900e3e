import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import {
  aLease,
  aNumber,
  aTenant,
  anOfficer,
  daysAfter,
  NOON,
  someFacts,
} from './builders.fixture';
import type { Decision, TenantFacts } from './decision';
import { expire } from './expiry';
import { leaseEnd } from './grace';
import { isLegalMove, type NumberRecord, type Step } from './number-state';
import { DEFAULT_POLICY, HOUR_MS } from './policy';
import { recall } from './recall';
import { isRefusal } from './refusal';
import { renewalTurn, settleRenewal, type BillingAnswer } from './renew';
import { isRunning, isSameUtcDay, renewalWindowMs } from './renewal-due';
import { resume, suspend } from './suspend';

const HAPPENINGS = [
  'APPROVED',
  'REJECTED',
  'NONE',
  'recall',
  'suspend',
  'resume',
  'expire',
  'suspend tenant',
  'reinstate tenant',
] as const;
const happening = fc.record({
  what: fc.constantFrom(...HAPPENINGS, 'APPROVED', 'REJECTED', 'NONE', 'expire'),
  afterHours: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 24 * 40 })),
});
const beginning = fc.record({
  term: fc.constantFrom('1d', '10d', '1m', 'P2W'),
  vanity: fc.boolean(),
  autoRenew: fc.boolean(),
  endsInHours: fc.integer({ min: -48, max: 24 * 20 }),
});

interface Run {
  number: NumberRecord;
  now: Date;
  status: TenantFacts['status'];
  steps: Step[];
  /** Keys of questions with a definite answer. */
  answered: Set<string>;
  terms: number;
}

describe('any sequence of renewals, refusals, recalls, suspensions and expiries', () => {
  it('renews no term twice, asks nothing twice, and tells nothing twice a day', () => {
    fc.assert(
      fc.property(beginning, fc.array(happening, { maxLength: 40 }), (begin, happenings) => {
        const { vanity, autoRenew, endsInHours } = begin;
        const term = vanity ? '1y' : begin.term;
        const effectiveUntil = new Date(NOON.getTime() + endsInHours * HOUR_MS);
        const lease = aLease('mine', { term, vanity, autoRenew, effectiveUntil });
        const run: Run = {
          number: aNumber({ state: 'LEASED', lease }),
          now: NOON,
          status: 'ACTIVE',
          steps: [],
          answered: new Set(),
          terms: 0,
        };
        const first = run.number;
        for (const { what, afterHours } of happenings) {
          run.now = new Date(run.now.getTime() + afterHours * HOUR_MS);
          happen(run, what);
        }
        holds(first, run);
      }),
      { numRuns: 2_000 },
    );
  });
});

function happen(run: Run, what: (typeof HAPPENINGS)[number]): void {
  const tenant = aTenant({ status: run.status });
  const facts = someFacts({ now: run.now, tenant });
  const aside = { written: run.number.identifier, reason: 'why' };
  const { number } = run;
  switch (what) {
    case 'APPROVED':
    case 'REJECTED':
    case 'NONE':
      return ask(run, what === 'APPROVED' ? { kind: what, reference: null } : { kind: what });
    case 'recall': {
      const caller = anOfficer();
      const how = { ...aside, caller, actorId: caller.sub, reason: 'NON_PAYMENT' as const };
      return take(run, stepsOf(recall(number, how, facts)));
    }
    case 'suspend':
      return take(run, stepsOf(suspend(number, aside, facts)));
    case 'resume':
      return take(run, stepsOf(resume(number, aside, facts)));
    case 'expire':
      return take(run, expire(number, facts));
    case 'suspend tenant':
      run.status = 'SUSPENDED';
      return;
    case 'reinstate tenant':
      run.status = 'ACTIVE';
      return;
  }
}

function ask(run: Run, answer: BillingAnswer): void {
  const { number, now, status } = run;
  const facts = { ...someFacts({ now, tenant: aTenant({ status }) }), price: null };
  const turn = renewalTurn(number, facts);
  if (!turn.ask) return take(run, turn.steps);
  if (!isRunning(number)) throw new Error('billing was asked about no lease');
  const { lease } = number;
  expect([status, lease.autoRenew]).toEqual(['ACTIVE', true]);
  const opensMs = lease.effectiveUntil.getTime() - renewalWindowMs(lease, DEFAULT_POLICY);
  expect(now.getTime()).toBeGreaterThanOrEqual(opensMs);
  expect(run.answered.has(turn.ask.idempotencyKey)).toBe(false);
  if (answer.kind !== 'NONE') run.answered.add(turn.ask.idempotencyKey);
  const newTermId = `term-${++run.terms}`;
  const { kind, steps } = settleRenewal(number, turn.ask, answer, { ...facts, newTermId });
  expect(kind).toBe({ APPROVED: 'RENEWED', REJECTED: 'REJECTED', NONE: 'UNANSWERED' }[answer.kind]);
  take(run, steps);
}

function take(run: Run, steps: readonly Step[]): void {
  for (const step of steps) {
    expect(step.before).toBe(run.number);
    run.number = step.after;
    run.steps.push(step);
  }
}

const stepsOf = (decision: Decision<unknown>): readonly Step[] =>
  isRefusal(decision) ? [] : decision.steps;

/** What a reference without our code says of the end of a term. */
const plusTerm = (from: Date, term: string): string =>
  Temporal.Instant.fromEpochMilliseconds(from.getTime())
    .toZonedDateTimeISO('UTC')
    .add(term.startsWith('P') ? term : `P${term.toUpperCase()}`)
    .toInstant()
    .toString({ smallestUnit: 'millisecond' });

function holds(first: NumberRecord, { steps }: Run): void {
  const priors = new Set<string>();
  const days: { action: string; reason?: string; at: Date }[] = [];
  steps.forEach(({ action, before, after, claim, reason }, index) => {
    expect(after.version).toBe(first.version + index + 1);
    expect(isLegalMove(action, before.state, after.state)).toBe(true);
    if (claim?.kind === 'RENEW' && isRunning(before) && isRunning(after)) {
      expect(priors.has(claim.priorTermId)).toBe(false);
      priors.add(claim.priorTermId);
      expect(before.lease.termId).toBe(claim.priorTermId);
      const { effectiveUntil: end, term } = before.lease;
      expect(after.lease.effectiveUntil.toISOString()).toBe(plusTerm(end, term));
      expect(after.state).toBe(before.state);
      days.length = 0;
    } else if (isRunning(before) && isRunning(after)) {
      expect(after.lease.effectiveUntil).toBe(before.lease.effectiveUntil);
    }
    if (action === 'EXPIRE' && isRunning(before)) {
      expect(leaseEnd(before.lease, DEFAULT_POLICY) <= after.changedAt).toBe(true);
    }
    if (action !== 'RENEW_FAIL' && action !== 'RENEW_REMIND') return;
    const sameDay = days.filter(
      (told) =>
        told.action === action && told.reason === reason && isSameUtcDay(told.at, after.changedAt),
    );
    expect(sameDay).toEqual([]);
    days.push({ action, reason, at: after.changedAt });
    if (action === 'RENEW_REMIND' && isRunning(before)) {
      expect(before.lease.vanity).toBe(true);
      expect(after.changedAt >= before.lease.effectiveUntil).toBe(true);
      expect(after.changedAt < daysAfter(14, before.lease.effectiveUntil)).toBe(true);
    }
  });
}
