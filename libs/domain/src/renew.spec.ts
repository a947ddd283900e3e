import {
  aLease,
  aNumber,
  aTenant,
  daysAfter,
  minutesAfter,
  NOON,
  someFacts,
} from './builders.fixture';
import type { Lease, NumberRecord, Step } from './number-state';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from './policy';
import { nothingToRenew, renewalTurn, settleRenewal, type BillingAnswer } from './renew';
import { reasonNotToAsk, renewalWindowMs, type RunningNumber } from './renewal-due';
import { quotaWarning } from './quota';

const PRICE = { setup: 1, monthly: 2, currency: 'AFN' };
const APPROVED: BillingAnswer = { kind: 'APPROVED', reference: 'R-1' };
const REJECTED: BillingAnswer = { kind: 'REJECTED' };
const NONE: BillingAnswer = { kind: 'NONE' };

const leased = (more: Partial<Lease> = {}): RunningNumber =>
  aNumber({
    state: 'LEASED',
    lease: aLease('mine', { autoRenew: true, effectiveUntil: daysAfter(3), ...more }),
  }) as RunningNumber;
const facts = (more: Partial<ReturnType<typeof someFacts>> = {}) => ({
  ...someFacts(more),
  price: PRICE,
  newTermId: 'term-new',
});
const suspended = facts({ tenant: aTenant({ status: 'SUSPENDED' }) });
const attempt = { leaseId: 'lease-1', termId: 'lease-1' };
const hoursAfter = (hours: number) => new Date(NOON.getTime() + hours * HOUR_MS);
const told = (steps: readonly Step[]) => steps.map(({ action, event }) => [action, event.data]);
const onlyStep = ({ steps }: { steps: readonly Step[] }): Step => {
  const [first, ...more] = steps;
  if (!first || more.length > 0) throw new Error(`${steps.length} steps`);
  return first;
};

describe('whether billing is asked', () => {
  const vanity = { vanity: true, term: '1y' };
  it.each<[string, string | undefined, NumberRecord, ReturnType<typeof facts>]>([
    ['in the window', undefined, leased(), facts()],
    [
      'suspended in the window',
      undefined,
      { ...leased(), state: 'SUSPENDED' } as NumberRecord,
      facts(),
    ],
    ['exactly 7 days before', undefined, leased({ effectiveUntil: daysAfter(7) }), facts()],
    [
      'a moment earlier',
      'NOT_DUE',
      leased({ effectiveUntil: new Date(daysAfter(7).getTime() + 1) }),
      facts(),
    ],
    ['past its end', undefined, leased({ effectiveUntil: daysAfter(-30) }), facts()],
    ['without auto-renewal', 'NO_AUTO_RENEWAL', leased({ autoRenew: false }), facts()],
    ['in the pool', 'NOT_LEASED', aNumber(), facts()],
    ['of a suspended tenant', 'TENANT_SUSPENDED', leased(), suspended],
    [
      'of a suspended tenant, not due',
      'NOT_DUE',
      leased({ effectiveUntil: daysAfter(9) }),
      suspended,
    ],
    [
      'refused today',
      'REFUSED_TODAY',
      leased({ renewalRefusals: 1, refusedAt: hoursAfter(-12) }),
      facts(),
    ],
    [
      'refused yesterday',
      undefined,
      leased({ renewalRefusals: 1, refusedAt: hoursAfter(-13) }),
      facts(),
    ],
    [
      'refused, past its end',
      'REFUSED_TO_ITS_END',
      leased({ renewalRefusals: 1, effectiveUntil: NOON }),
      facts(),
    ],
    [
      'vanity, refused, in its grace',
      undefined,
      leased({ ...vanity, renewalRefusals: 3, effectiveUntil: daysAfter(-13) }),
      facts(),
    ],
    [
      'vanity, refused, its grace over',
      'REFUSED_TO_ITS_END',
      leased({ ...vanity, renewalRefusals: 3, effectiveUntil: daysAfter(-14) }),
      facts(),
    ],
    [
      'vanity, never refused, its grace over',
      undefined,
      leased({ ...vanity, effectiveUntil: daysAfter(-20) }),
      facts(),
    ],
  ])('%s → %s', (_, reason, number, at) => {
    expect(reasonNotToAsk(number, at)).toBe(reason);
  });

  it.each([
    ['1d', 12],
    ['P1D', 12],
    ['5d', 60],
    ['2w', 168],
    ['15d', 168],
    ['1m', 168],
    ['3y', 168],
  ])('the window of %s opens %i hours before the end', (term, hours) => {
    expect(renewalWindowMs(aLease('mine', { term }), DEFAULT_POLICY)).toBe(hours * HOUR_MS);
  });

  it('throws for a term that no lease could have been made with', () => {
    expect(() => reasonNotToAsk(leased({ term: 'soon' }), facts())).toThrow(
      /lease-1 has the term soon/,
    );
  });

  it('asks about the coming term, under a key of lease, term and refusals', () => {
    const number = leased({ termId: 'term-4', renewalRefusals: 2 });
    expect(renewalTurn(number, facts())).toEqual({
      ask: {
        idempotencyKey: 'lease-1:term-4:2',
        leaseId: 'lease-1',
        termId: 'term-4',
        refusalsBefore: 2,
        question: {
          ...{ leaseId: 'lease-1', tenantId: 'mine', identifier: '+93791234567' },
          ...{ identifierClass: 'MSISDN', vanity: false, term: '30d', price: PRICE },
          effectiveFrom: daysAfter(3).toISOString(),
          effectiveUntil: daysAfter(33).toISOString(),
        },
      },
    });
  });
});

describe('what an answer comes to', () => {
  it('an approval: a term more from the old end, nothing remembered of the old one', () => {
    const number = leased({
      renewalRefusals: 2,
      refusedAt: NOON,
      skippedAt: NOON,
      remindedAt: NOON,
    });
    const outcome = settleRenewal(number, attempt, APPROVED, facts());
    expect(outcome.kind).toBe('RENEWED');
    const step = onlyStep(outcome);
    expect(step.after).toEqual({
      ...number,
      version: 8,
      changedAt: NOON,
      lease: {
        ...number.lease,
        termId: 'term-new',
        effectiveUntil: daysAfter(33),
        ...{ renewalRefusals: 0, refusedAt: null, skippedAt: null, remindedAt: null },
      },
    });
    expect(step.event).toEqual({
      type: 'numbering.lease.renewed',
      data: {
        historyLeaseId: 'term-new',
        priorLeaseId: 'lease-1',
        effectiveUntil: daysAfter(33).toISOString(),
      },
    });
    expect(step.claim).toMatchObject({
      kind: 'RENEW',
      priorTermId: 'lease-1',
      termFrom: daysAfter(3),
    });
    expect(step.detail).toMatchObject({ reference: 'R-1' });
  });

  it('clamps month ends, and goes on from the clamped end', () => {
    const end = new Date('2026-05-31T12:00:00.000Z');
    const renew = (number: RunningNumber): RunningNumber =>
      onlyStep(
        settleRenewal(number, { ...attempt, termId: number.lease.termId }, APPROVED, facts()),
      ).after as RunningNumber;
    const june = renew(leased({ term: '1m', effectiveUntil: end }));
    expect(june.lease.effectiveUntil.toISOString()).toBe('2026-06-30T12:00:00.000Z');
    expect(renew(june).lease.effectiveUntil.toISOString()).toBe('2026-07-30T12:00:00.000Z');
  });

  it('a refusal: counted, told, and no grace after it', () => {
    const step = onlyStep(settleRenewal(leased(), attempt, REJECTED, facts()));
    expect(told([step])).toEqual([['RENEW_FAIL', { reason: 'BILLING_REJECTED' }]]);
    expect(step.after).toMatchObject({ lease: { renewalRefusals: 1, refusedAt: NOON } });
  });

  it('a refusal of a vanity lease in its grace: told, and reminded', () => {
    const number = leased({ vanity: true, term: '1y', effectiveUntil: hoursAfter(-30) });
    const { steps } = settleRenewal(number, attempt, REJECTED, facts());
    const graceUntil = hoursAfter(14 * 24 - 30).toISOString();
    expect(told(steps)).toEqual([
      ['RENEW_FAIL', { reason: 'BILLING_REJECTED', graceUntil }],
      ['RENEW_REMIND', { graceUntil, daysLeft: 13 }],
    ]);
    expect(steps.map(({ after }) => after.version)).toEqual([8, 9]);
  });

  it.each([
    ['at the end itself', 14, { effectiveUntil: NOON }],
    ['on the last day', 1, { effectiveUntil: new Date(NOON.getTime() - 14 * DAY_MS + 1) }],
  ])('no answer, %s of a vanity lease: reminded of %i days', (_, daysLeft, lease) => {
    const number = leased({ vanity: true, term: '1y', ...lease });
    const { kind, steps } = settleRenewal(number, attempt, NONE, facts());
    expect(kind).toBe('UNANSWERED');
    expect(steps.map(({ event }) => event.data)).toMatchObject([{ daysLeft }]);
  });

  it.each([
    ['before its end', { effectiveUntil: minutesAfter(1) }],
    ['when its grace is over', { effectiveUntil: daysAfter(-14) }],
    ['reminded today', { effectiveUntil: daysAfter(-2), remindedAt: hoursAfter(-12) }],
    ['no vanity lease', { effectiveUntil: hoursAfter(-1), vanity: false }],
  ])('no reminder: %s', (_, lease) => {
    const number = leased({ vanity: true, term: '1y', ...lease });
    expect(settleRenewal(number, attempt, NONE, facts()).steps).toEqual([]);
  });

  it('an approval for a tenant that has been suspended meanwhile: kept, and told once a day', () => {
    const { kind, steps } = settleRenewal(leased(), attempt, APPROVED, suspended);
    expect([kind, steps.map(({ reason }) => reason)]).toEqual(['KEPT', ['TENANT_SUSPENDED']]);
    const again = leased({ skippedAt: hoursAfter(-12) });
    expect(settleRenewal(again, attempt, APPROVED, suspended).steps).toEqual([]);
    expect(renewalTurn(again, suspended)).toEqual({ why: 'TENANT_SUSPENDED', steps: [] });
  });

  it('an approval of a term that is over, or of a lease that is: not usable; else nothing is left', () => {
    const number = leased({ termId: 'term-2' });
    const none = { steps: [] };
    expect(settleRenewal(number, attempt, APPROVED, facts())).toEqual({
      kind: 'UNUSABLE',
      ...none,
    });
    expect(settleRenewal(number, attempt, REJECTED, facts())).toEqual({ kind: 'OVER', ...none });
    expect(nothingToRenew(APPROVED)).toEqual({ kind: 'UNUSABLE', ...none });
    expect(nothingToRenew(NONE)).toEqual({ kind: 'OVER', ...none });
  });

  it('warns of a quota that is exceeded, and of none that is just full', () => {
    const tenant = (leases: number) =>
      aTenant({ use: { ...aTenant().use, leases: { MSISDN: leases, SHORT_CODE: 0, ALPHA: 0 } } });
    expect(quotaWarning(tenant(10), 'MSISDN')).toBeUndefined();
    expect(quotaWarning(tenant(11), 'MSISDN')).toEqual({
      type: 'numbering.quota.exceeded',
      key: 'mine',
      data: { tenantId: 'mine', identifierClass: 'MSISDN', quota: 10, current: 11 },
    });
  });
});
