import {
  aClaim,
  aLease,
  aNumber,
  aTenant,
  aTenantUser,
  aTerm,
  anOfficer,
  daysAfter,
  minutesAfter,
  NOON,
  restingIn,
  someFacts,
} from './builders.fixture';
import type { Decision } from './decision';
import { expire } from './expiry';
import { hold } from './hold';
import { lease } from './lease';
import type { NumberRecord } from './number-state';
import { DEFAULT_POLICY } from './policy';
import { overrideQuarantine } from './quarantine';
import { recall } from './recall';
import { isRefusal } from './refusal';
import { reserve, reserveMany } from './reserve';

const mine = { caller: aTenantUser(), tenantId: 'mine', written: '+93791234567' };
const leaseAsk = { ...mine, term: aTerm(), autoRenew: false, vanity: false };
const officer = anOfficer();
const aside = { written: mine.written, reason: 'why' };

const resultOf = (decision: Decision<unknown>) =>
  isRefusal(decision) ? decision.code : decision.steps.map(({ after }) => after.state).join(', ');

describe('order and edges of the rules', () => {
  it('tells an unknown number first, then permission, allowlist, state, quota (ruling 17)', () => {
    const reader = { ...aTenantUser(), scopes: new Set(['numbering:read']) };
    const taken = restingIn('RESERVED', 'theirs');
    const full = aTenant({
      use: { leases: { MSISDN: 0, SHORT_CODE: 0, ALPHA: 0 }, activeReservations: 10, holds: 0 },
    });
    const none = aTenant({ operatorAllowlist: [] });
    const code = (d: Decision<unknown>) => resultOf(d);
    expect(code(reserve(undefined, { ...mine, caller: reader }, someFacts()))).toBe(
      'UNKNOWN_IDENTIFIER',
    );
    expect(code(reserve(taken, { ...mine, caller: reader }, someFacts({ tenant: none })))).toBe(
      'FORBIDDEN',
    );
    expect(code(reserve(taken, { ...mine, tenantId: 'theirs' }, someFacts({ tenant: none })))).toBe(
      'TENANT_MISMATCH',
    );
    expect(code(reserve(taken, { ...mine, tenantId: undefined }, someFacts()))).toBe(
      'TENANT_MISMATCH',
    );
    expect(code(reserve(taken, mine, someFacts({ tenant: none })))).toBe('OPERATOR_NOT_ALLOWED');
    expect(code(reserve(taken, mine, someFacts({ tenant: full })))).toBe('INVALID_STATE');
    expect(code(reserve(restingIn('AVAILABLE'), mine, someFacts({ tenant: full })))).toBe(
      'RESERVATION_QUOTA',
    );
    expect(
      code(reserve(taken, mine, someFacts({ tenant: aTenant({ status: 'SUSPENDED' }) }))),
    ).toBe('TENANT_SUSPENDED');
  });

  it('writes the lapse before the reservation, and counts it out of nobody’s quota', () => {
    const lapsed = aNumber({ state: 'HELD', claim: aClaim('theirs', NOON) });
    const decision = reserve(lapsed, mine, someFacts());
    expect(resultOf(decision)).toBe('AVAILABLE, RESERVED');
    if (isRefusal(decision)) throw new Error(decision.code);
    expect(decision.steps.map(({ after }) => after.version)).toEqual([8, 9]);
    expect(
      resultOf(
        hold(aNumber({ state: 'RESERVED', claim: aClaim('mine', NOON) }), mine, someFacts()),
      ),
    ).toBe('INVALID_STATE');
  });

  it('refuses before validFrom, bypass or not, and takes it on the very moment', () => {
    const bypass = { ...leaseAsk, caller: aTenantUser('mine', 'numbering:lease:bypass') };
    const future = aNumber({ state: 'AVAILABLE' }, { validFrom: minutesAfter(1) });
    expect(resultOf(reserve(future, mine, someFacts()))).toBe('NOT_YET_VALID');
    expect(resultOf(lease(future, bypass, { ...someFacts(), price: null }))).toBe('NOT_YET_VALID');
    const now = aNumber({ state: 'AVAILABLE' }, { validFrom: NOON });
    expect(resultOf(reserve(now, mine, someFacts()))).toBe('RESERVED');
  });

  it('bars the recalled tenant until its original end, also after an override', () => {
    expect(
      resultOf(reserve(restingIn('AVAILABLE'), mine, someFacts({ barredUntil: minutesAfter(1) }))),
    ).toBe('SELF_BYPASS_FORBIDDEN');
    expect(resultOf(reserve(restingIn('AVAILABLE'), mine, someFacts({ barredUntil: NOON })))).toBe(
      'RESERVED',
    );
    expect(
      resultOf(reserve(restingIn('RETIRED'), mine, someFacts({ barredUntil: minutesAfter(1) }))),
    ).toBe('INVALID_STATE');
    const byRecaller = { ...aside, caller: anOfficer('admin-1'), justification: 'ten characters' };
    expect(resultOf(overrideQuarantine(restingIn('QUARANTINE'), byRecaller, someFacts()))).toBe(
      'SELF_BYPASS_FORBIDDEN',
    );
  });

  it('tells a barred tenant so before it asks for a reservation, and who recalled from who may override', () => {
    const barred = { ...someFacts({ barredUntil: minutesAfter(1) }), price: null };
    expect(resultOf(lease(restingIn('AVAILABLE'), leaseAsk, barred))).toBe('SELF_BYPASS_FORBIDDEN');
    expect(resultOf(lease(restingIn('QUARANTINE'), leaseAsk, barred))).toBe('QUARANTINE_ACTIVE');
    const system = anOfficer('system:desk');
    const ask = {
      ...aside,
      caller: system,
      actorId: 'bot',
      reason: 'ABUSE',
      ticketId: 'T',
    } as const;
    const recalled = recall(restingIn('LEASED'), ask, someFacts());
    if (isRefusal(recalled)) throw new Error(recalled.code);
    const resting = recalled.steps.at(-1)?.after;
    const override = (sub: string) =>
      resultOf(
        overrideQuarantine(
          resting,
          { ...aside, caller: anOfficer(sub), justification: 'ten characters' },
          someFacts(),
        ),
      );
    expect(['system:desk', 'bot', 'another'].map(override)).toEqual([
      'SELF_BYPASS_FORBIDDEN',
      'SELF_BYPASS_FORBIDDEN',
      'AVAILABLE',
    ]);
    expect(recalled.steps[0]?.detail).toEqual({ actorId: 'bot' });
  });

  it('cools down by class, by reason, and a vanity lease for its year', () => {
    const recallOf = (
      number: NumberRecord,
      reason: 'ABUSE' | 'TENANT_REQUEST',
      policy = DEFAULT_POLICY,
    ) => {
      const ask = { ...aside, caller: officer, actorId: officer.sub, reason, ticketId: 'T-1' };
      const decision = recall(number, ask, someFacts({ policy }));
      if (isRefusal(decision)) throw new Error(decision.code);
      return decision;
    };
    const days = (
      number: NumberRecord,
      reason: 'ABUSE' | 'TENANT_REQUEST' = 'ABUSE',
      policy = DEFAULT_POLICY,
    ) =>
      (recallOf(number, reason, policy).answer.availableAt.getTime() - NOON.getTime()) / 86_400_000;
    expect(days(restingIn('LEASED'))).toBe(90);
    expect(
      days(aNumber({ state: 'LEASED', lease: aLease() }, { identifierClass: 'SHORT_CODE' })),
    ).toBe(30);
    expect(
      days(
        aNumber(
          { state: 'LEASED', lease: aLease('mine', { vanity: true }) },
          { identifierClass: 'SHORT_CODE' },
        ),
      ),
    ).toBe(365);
    const byReason = { ...DEFAULT_POLICY, quarantineMsByReason: { ABUSE: 86_400_000 } };
    expect(days(restingIn('LEASED'), 'ABUSE', byReason)).toBe(1);
    const alpha = aNumber({ state: 'LEASED', lease: aLease() }, { identifierClass: 'ALPHA' });
    const free = recallOf(alpha, 'TENANT_REQUEST');
    expect(free.steps.map(({ after }) => after.state)).toEqual(['RECALLED', 'AVAILABLE']);
    expect(free.steps[0]?.bar).toBeUndefined();
    expect(recallOf(alpha, 'ABUSE').steps[0]?.bar?.until).toEqual(daysAfter(30));
  });

  it('counts an expired lease’s cool-down from its end, not from the run', () => {
    const steps = expire(restingIn('LEASED'), someFacts({ now: daysAfter(25) }));
    expect(steps.at(-1)?.after).toMatchObject({ state: 'QUARANTINE', availableAt: daysAfter(110) });
    expect(steps[0]?.bar).toBeUndefined();
  });

  it('lets an auto-renewing lease live through its grace, unless billing has refused', () => {
    const leased = (more: object) =>
      aNumber({
        state: 'LEASED',
        lease: aLease('mine', { effectiveUntil: daysAfter(-0.5), ...more }),
      });
    expect(expire(leased({ autoRenew: true }), someFacts())).toEqual([]);
    expect(expire(leased({ autoRenew: true, renewalRefusals: 1 }), someFacts())).toHaveLength(2);
    expect(
      expire(leased({ autoRenew: true, renewalRefusals: 1, vanity: true }), someFacts()),
    ).toEqual([]);
    expect(expire(leased({}), someFacts())).toHaveLength(2);
  });

  it('wants an eligible short code for a vanity lease, before it looks at the state', () => {
    const ask = { ...leaseAsk, vanity: true, term: aTerm('1y', true) };
    const facts = { ...someFacts(), price: null };
    expect(resultOf(lease(restingIn('AVAILABLE'), ask, facts))).toBe('NOT_VANITY_ELIGIBLE');
    const code = aNumber(
      { state: 'RESERVED', claim: aClaim() },
      { identifierClass: 'SHORT_CODE', vanityEligible: true },
    );
    expect(resultOf(lease(code, ask, facts))).toBe('LEASED');
  });

  it('reserves many in order, each after the ones before it, or none of them', () => {
    const other = aNumber({ state: 'AVAILABLE' }, { identifier: '+93790000002' });
    const number = restingIn('AVAILABLE');
    const item = (of: NumberRecord, newLeaseId: string) => ({
      written: of.identifier,
      name: of.identifier,
      number: of,
      newLeaseId,
    });
    const items = [item(number, 'a'), item(number, 'b'), item(other, 'c')];
    const some = reserveMany(items, { ...mine, atomic: false }, someFacts());
    if (isRefusal(some)) throw new Error(some.code);
    expect(some.answer.items.map(({ status }) => status)).toEqual([
      'reserved',
      'refused',
      'reserved',
    ]);
    expect(reserveMany(items, { ...mine, atomic: true }, someFacts())).toMatchObject({
      code: 'INVALID_STATE',
      members: { state: 'RESERVED', ownedByCaller: true, identifier: number.identifier },
    });
    const full = aTenant({
      use: { leases: { MSISDN: 0, SHORT_CODE: 0, ALPHA: 0 }, activeReservations: 9, holds: 0 },
    });
    const last = reserveMany(
      [item(number, 'a'), item(other, 'c')],
      { ...mine, atomic: false },
      someFacts({ tenant: full }),
    );
    expect(isRefusal(last) || last.answer.items[1]).toMatchObject({ code: 'RESERVATION_QUOTA' });
    const reader = { ...aTenantUser(), scopes: new Set(['numbering:read']) };
    expect(
      resultOf(
        reserveMany(items, { caller: reader, tenantId: 'mine', atomic: false }, someFacts()),
      ),
    ).toBe('FORBIDDEN');
  });

  it('says who may recall for what', () => {
    const asked = (over: object) =>
      resultOf(
        recall(
          restingIn('LEASED'),
          { ...mine, actorId: mine.caller.sub, reason: 'TENANT_REQUEST', ...over },
          someFacts(),
        ),
      );
    expect(asked({ reason: 'ABUSE', ticketId: 'T' })).toBe('FORBIDDEN');
    expect(asked({ actorId: 'somebody' })).toBe('ACTOR_MISMATCH');
    const system = { ...anOfficer('system:abuse-desk') };
    expect(asked({ caller: system, actorId: 'somebody' })).toBe('RECALLED, QUARANTINE');
  });
});
