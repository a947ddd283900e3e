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
} from './builders';
import type { Decision } from './decision';
import { expire } from './expiry';
import { hold } from './hold';
import { lease } from './lease';
import type { NumberRecord } from './number-state';
import { DEFAULT_POLICY } from './policy';
import { overrideQuarantine, retire } from './quarantine';
import { recall } from './recall';
import { isRefusal } from './refusal';
import { release } from './release';
import { reserve, reserveMany } from './reserve';
import { endCoolDown, lapse } from './settle';
import { resume, suspend } from './suspend';

const RESTING = [
  'AVAILABLE',
  'RESERVED',
  'HELD',
  'LEASED',
  'SUSPENDED',
  'QUARANTINE',
  'RETIRED',
] as const;
type Resting = (typeof RESTING)[number];

const mine = { caller: aTenantUser(), tenantId: 'mine', written: '+93791234567' };
const leaseAsk = { ...mine, term: aTerm(), autoRenew: false, vanity: false };
const officer = anOfficer();
const aside = { written: mine.written, reason: 'why' };

const COMMANDS = {
  reserve: (n: NumberRecord) => reserve(n, mine, someFacts()),
  hold: (n: NumberRecord) => hold(n, mine, someFacts()),
  release: (n: NumberRecord) => release(n, mine, someFacts()),
  lease: (n: NumberRecord) => lease(n, leaseAsk, { ...someFacts(), price: null }),
  'lease with bypass': (n: NumberRecord) =>
    lease(
      n,
      { ...leaseAsk, caller: aTenantUser('mine', 'numbering:lease:bypass') },
      { ...someFacts(), price: null },
    ),
  'recall by officer': (n: NumberRecord) =>
    recall(
      n,
      { ...aside, caller: officer, actorId: officer.sub, reason: 'NON_PAYMENT' },
      someFacts(),
    ),
  'recall by tenant': (n: NumberRecord) =>
    recall(n, { ...mine, actorId: mine.caller.sub, reason: 'TENANT_REQUEST' }, someFacts()),
  suspend: (n: NumberRecord) => suspend(n, aside, someFacts()),
  resume: (n: NumberRecord) => resume(n, aside, someFacts()),
  override: (n: NumberRecord) =>
    overrideQuarantine(
      n,
      { ...aside, caller: officer, justification: 'ten characters' },
      someFacts(),
    ),
  retire: (n: NumberRecord) => retire(n, aside, someFacts()),
} satisfies Record<string, (number: NumberRecord) => Decision<unknown>>;

/** What each command comes to in each state: for the tenant's own number, and for another tenant's. */
type Row = Record<Resting, string>;
const OWN: Record<keyof typeof COMMANDS, Row> = {
  reserve: {
    AVAILABLE: 'RESERVED',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'INVALID_STATE',
    SUSPENDED: 'INVALID_STATE',
    QUARANTINE: 'QUARANTINE_ACTIVE',
    RETIRED: 'INVALID_STATE',
  },
  hold: {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'HELD',
    HELD: 'INVALID_STATE',
    LEASED: 'ALREADY_LEASED',
    SUSPENDED: 'ALREADY_LEASED',
    QUARANTINE: 'INVALID_STATE',
    RETIRED: 'INVALID_STATE',
  },
  release: {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'AVAILABLE',
    HELD: 'AVAILABLE',
    LEASED: 'USE_RECALL_FOR_LEASES',
    SUSPENDED: 'USE_RECALL_FOR_LEASES',
    QUARANTINE: 'INVALID_STATE',
    RETIRED: 'INVALID_STATE',
  },
  lease: {
    AVAILABLE: 'RESERVATION_REQUIRED',
    RESERVED: 'LEASED',
    HELD: 'LEASED',
    LEASED: 'ALREADY_LEASED',
    SUSPENDED: 'ALREADY_LEASED',
    QUARANTINE: 'QUARANTINE_ACTIVE',
    RETIRED: 'INVALID_STATE',
  },
  'lease with bypass': {
    AVAILABLE: 'LEASED',
    RESERVED: 'LEASED',
    HELD: 'LEASED',
    LEASED: 'ALREADY_LEASED',
    SUSPENDED: 'ALREADY_LEASED',
    QUARANTINE: 'QUARANTINE_ACTIVE',
    RETIRED: 'INVALID_STATE',
  },
  'recall by officer': {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'RECALLED, QUARANTINE',
    SUSPENDED: 'RECALLED, QUARANTINE',
    QUARANTINE: 'INVALID_STATE',
    RETIRED: 'INVALID_STATE',
  },
  'recall by tenant': {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'RECALLED, QUARANTINE',
    SUSPENDED: 'RECALLED, QUARANTINE',
    QUARANTINE: 'INVALID_STATE',
    RETIRED: 'INVALID_STATE',
  },
  suspend: {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'SUSPENDED',
    SUSPENDED: 'INVALID_STATE',
    QUARANTINE: 'INVALID_STATE',
    RETIRED: 'INVALID_STATE',
  },
  resume: {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'INVALID_STATE',
    SUSPENDED: 'LEASED',
    QUARANTINE: 'INVALID_STATE',
    RETIRED: 'INVALID_STATE',
  },
  override: {
    AVAILABLE: 'INVALID_STATE',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'INVALID_STATE',
    SUSPENDED: 'INVALID_STATE',
    QUARANTINE: 'AVAILABLE',
    RETIRED: 'INVALID_STATE',
  },
  retire: {
    AVAILABLE: 'RETIRED',
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'INVALID_STATE',
    SUSPENDED: 'INVALID_STATE',
    QUARANTINE: 'RETIRED',
    RETIRED: 'INVALID_STATE',
  },
};
const ANOTHERS: Partial<Record<keyof typeof COMMANDS, Partial<Row>>> = {
  reserve: {
    RESERVED: 'INVALID_STATE',
    HELD: 'INVALID_STATE',
    LEASED: 'INVALID_STATE',
    SUSPENDED: 'INVALID_STATE',
  },
  hold: {
    RESERVED: 'HELD_BY_OTHER_TENANT',
    HELD: 'HELD_BY_OTHER_TENANT',
    LEASED: 'ALREADY_LEASED',
    SUSPENDED: 'ALREADY_LEASED',
  },
  release: {
    RESERVED: 'NOT_OWNER',
    HELD: 'NOT_OWNER',
    LEASED: 'NOT_OWNER',
    SUSPENDED: 'NOT_OWNER',
  },
  lease: {
    RESERVED: 'HELD_BY_OTHER_TENANT',
    HELD: 'HELD_BY_OTHER_TENANT',
    LEASED: 'ALREADY_LEASED',
    SUSPENDED: 'ALREADY_LEASED',
  },
  'lease with bypass': { RESERVED: 'HELD_BY_OTHER_TENANT', HELD: 'HELD_BY_OTHER_TENANT' },
  'recall by tenant': { RESERVED: 'INVALID_STATE', LEASED: 'NOT_OWNER', SUSPENDED: 'NOT_OWNER' },
};

const resultOf = (decision: Decision<unknown>) =>
  isRefusal(decision) ? decision.code : decision.steps.map(({ after }) => after.state).join(', ');

const cells = (table: Partial<Record<string, Partial<Row>>>) =>
  Object.entries(table).flatMap(([command, row]) =>
    Object.entries(row ?? {}).map(([state, result]) => [command, state, result] as const),
  );

describe('state × command', () => {
  it.each(cells(OWN))('%s of the own %s → %s', (command, state, result) => {
    expect(resultOf(COMMANDS[command as keyof typeof COMMANDS](restingIn(state as Resting)))).toBe(
      result,
    );
  });

  it.each(cells(ANOTHERS))('%s of another tenant’s %s → %s', (command, state, result) => {
    const number = restingIn(state as Resting, 'theirs');
    const decision = COMMANDS[command as keyof typeof COMMANDS](number);
    expect(resultOf(decision)).toBe(result);
    expect(JSON.stringify(decision)).not.toContain('theirs');
  });

  it.each(RESTING)('time alone on %s: only what is due moves', (state) => {
    const number = restingIn(state);
    const soon = someFacts();
    const late = someFacts({ now: daysAfter(60) });
    expect([lapse(number, soon), endCoolDown(number, soon), ...expire(number, soon)]).toEqual([
      undefined,
      undefined,
    ]);
    const moved = [lapse(number, late), endCoolDown(number, late), ...expire(number, late)]
      .filter((step) => step !== undefined)
      .map(({ after }) => after.state)
      .join(', ');
    const wanted: Row = {
      AVAILABLE: '',
      RESERVED: 'AVAILABLE',
      HELD: 'AVAILABLE',
      LEASED: 'EXPIRED, QUARANTINE',
      SUSPENDED: 'EXPIRED, QUARANTINE',
      QUARANTINE: 'AVAILABLE',
      RETIRED: '',
    };
    expect(moved).toBe(wanted[state]);
  });
});

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
    const byRecaller = { ...aside, caller: anOfficer('admin-1'), justification: 'ten characters' };
    expect(resultOf(overrideQuarantine(restingIn('QUARANTINE'), byRecaller, someFacts()))).toBe(
      'SELF_BYPASS_FORBIDDEN',
    );
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
    expect(resultOf(reserveMany(items, { ...mine, atomic: true }, someFacts()))).toBe(
      'INVALID_STATE',
    );
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
