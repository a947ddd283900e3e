import {
  aTenantUser,
  aTerm,
  anOfficer,
  aNumber,
  daysAfter,
  NOON,
  someFacts,
} from './builders.fixture';
import { lease } from './lease';
import type { LeaseEnding, NumberRecord } from './number-state';
import { overrideQuarantine, overrideShape, retire } from './quarantine';
import { isRefusal } from './refusal';
import { reserve } from './reserve';
import { endCoolDown } from './settle';

const ENDING: LeaseEnding = {
  cause: 'RECALL',
  leaseId: 'lease-0',
  tenantId: 'theirs',
  actorId: 'judge',
  callerSub: 'system:desk',
  reason: 'ABUSE',
  ticketId: 'T-1',
};
const WRITTEN = '+93791234567';
const msAfter = (ms: number) => new Date(NOON.getTime() + ms);
const coolingUntil = (availableAt: Date, ending = ENDING): NumberRecord =>
  aNumber({ state: 'QUARANTINE', availableAt, ending });

const mine = { caller: aTenantUser(), tenantId: 'mine', written: WRITTEN };
const bypassing = { ...mine, caller: aTenantUser('mine', 'numbering:lease:bypass') };
const terms = { term: aTerm(), autoRenew: false, vanity: false };
const CLAIMS = {
  reserve: (number: NumberRecord, barredUntil?: Date) =>
    reserve(number, mine, someFacts({ barredUntil })),
  'lease with bypass': (number: NumberRecord, barredUntil?: Date) =>
    lease(number, { ...bypassing, ...terms }, { ...someFacts({ barredUntil }), price: null }),
};

describe.each(Object.entries(CLAIMS))('US-NUM-006 %s of what cools down', (_, claim) => {
  const resultOf = (number: NumberRecord, barredUntil?: Date) => {
    const decision = claim(number, barredUntil);
    return isRefusal(decision)
      ? [decision.code, decision.members]
      : decision.steps.map(({ action }) => action);
  };

  it('is refused to the last millisecond, with the end of the cool-down', () => {
    const availableAt = msAfter(1);
    expect(resultOf(coolingUntil(availableAt))).toEqual([
      'QUARANTINE_ACTIVE',
      { availableAt: availableAt.toISOString(), state: 'QUARANTINE' },
    ]);
  });

  it('wins at availableAt, that moment included, though nobody swept it', () => {
    const [ended, claimed] = resultOf(coolingUntil(NOON));
    expect([ended, claimed]).toEqual(['QUARANTINE_END', expect.stringMatching(/RESERVE|LEASE/)]);
  });

  it('tells whom it was recalled from of the cool-down first, and of the bar after an override', () => {
    const until = daysAfter(90);
    expect(resultOf(coolingUntil(until), until)[0]).toBe('QUARANTINE_ACTIVE');
    expect(resultOf(aNumber(), until)).toEqual([
      'SELF_BYPASS_FORBIDDEN',
      { availableAt: until.toISOString() },
    ]);
    expect(resultOf(aNumber(), msAfter(1))[0]).toBe('SELF_BYPASS_FORBIDDEN');
    expect(resultOf(aNumber(), NOON)).not.toContain('SELF_BYPASS_FORBIDDEN');
  });
});

describe('the end of a cool-down', () => {
  it('comes at availableAt and not before, once', () => {
    expect(endCoolDown(coolingUntil(msAfter(1)), someFacts())).toBeUndefined();
    const ended = endCoolDown(coolingUntil(NOON), someFacts());
    expect(ended?.event).toEqual({
      type: 'numbering.identifier.released',
      data: { reason: 'COOL_DOWN_ENDED' },
    });
    expect(endCoolDown(ended?.after ?? aNumber(), someFacts())).toBeUndefined();
  });
});

describe('an override', () => {
  const by = (sub: string, number = coolingUntil(daysAfter(1))) =>
    overrideQuarantine(
      number,
      { caller: anOfficer(sub), written: WRITTEN, justification: 'recalled by mistake' },
      someFacts(),
    );

  it('is not for who recalled, neither the token nor the name it acted under', () => {
    const codes = ['judge', 'system:desk', 'officer-2'].map((sub) => {
      const decision = by(sub);
      return isRefusal(decision) ? decision.code : decision.steps[0]?.action;
    });
    expect(codes).toEqual([
      'SELF_BYPASS_FORBIDDEN',
      'SELF_BYPASS_FORBIDDEN',
      'QUARANTINE_OVERRIDE',
    ]);
  });

  it('keeps why, by whom, and what the cool-down was about', () => {
    const decision = by('officer-2');
    if (isRefusal(decision)) throw new Error(decision.code);
    expect(decision.steps[0]).toMatchObject({
      event: { type: 'numbering.identifier.released', data: { reason: 'ADMIN_OVERRIDE' } },
      reason: 'recalled by mistake',
      ticketId: 'T-1',
      override: { adminId: 'officer-2', ending: ENDING, availableAt: daysAfter(1) },
    });
  });

  it('of a cool-down that is over is INVALID_STATE: it is available', () => {
    expect(by('officer-2', coolingUntil(NOON))).toMatchObject({
      code: 'INVALID_STATE',
      members: { state: 'AVAILABLE' },
    });
  });

  it.each([
    ['ten chars.', true],
    ['  ten chars.  ', true],
    ['nine char', false],
    ['  nine char  ', false],
    ['é'.normalize('NFD').repeat(9), false],
    ['لغو اشتباه', true],
    ['👩‍👩‍👧'.repeat(10), true],
    ['👩‍👩‍👧'.repeat(9), false],
    ['', false],
    [undefined, false],
    [1_234_567_890, false],
  ])('is justified by %j: %s', (justification, isEnough) => {
    expect(overrideShape(justification)).toEqual(
      isEnough ? undefined : expect.objectContaining({ code: 'JUSTIFICATION_REQUIRED' }),
    );
  });
});

it('a retirement of what has cooled down tells of the cool-down’s end first', () => {
  const decision = retire(
    coolingUntil(NOON),
    { written: WRITTEN, reason: 'given back' },
    someFacts(),
  );
  if (isRefusal(decision)) throw new Error(decision.code);
  expect(decision.steps.map(({ action, event }) => [action, event.type])).toEqual([
    ['QUARANTINE_END', 'numbering.identifier.released'],
    ['RETIRE', 'numbering.identifier.retired'],
  ]);
});
