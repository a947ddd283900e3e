import fc from 'fast-check';
import {
  aNumber,
  aTenant,
  aTenantUser,
  aTerm,
  anOfficer,
  minutesAfter,
  someFacts,
} from './builders.fixture';
import type { Decision } from './decision';
import { expire } from './expiry';
import { hold } from './hold';
import { lease } from './lease';
import { isLegalMove, occupant, type NumberRecord, type Step } from './number-state';
import { overrideQuarantine, retire } from './quarantine';
import { recall } from './recall';
import { isRefusal } from './refusal';
import { release } from './release';
import { reserve } from './reserve';
import { endCoolDown, lapse } from './settle';
import { resume, suspend } from './suspend';

const COMMANDS = [
  'reserve',
  'hold',
  'release',
  'lease',
  'recall',
  'suspend',
  'resume',
  'override',
  'retire',
  'time',
] as const;
const command = fc.record({
  name: fc.constantFrom(...COMMANDS),
  tenantId: fc.constantFrom('a', 'b', 'c'),
  afterMinutes: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 200_000 })),
});

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** The least that stands for a ledger: a number, who leases what, who is barred until when. */
interface Ledger {
  number: NumberRecord;
  now: Date;
  leases: Map<string, number>;
  bars: Map<string, Date>;
  steps: Step[];
}

const QUOTA = 1;

describe('any sequence of commands', () => {
  it('breaks no invariant', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), fc.boolean(), (commands, isAlpha) => {
        const ledger: Ledger = {
          number: aNumber(
            { state: 'AVAILABLE' },
            { version: 1, identifierClass: isAlpha ? 'ALPHA' : 'MSISDN' },
          ),
          now: minutesAfter(0),
          leases: new Map(),
          bars: new Map(),
          steps: [],
        };
        const first = ledger.number;
        for (const [index, each] of commands.entries()) apply(ledger, each, `lease-${index}`);
        holds(first, ledger);
      }),
      { numRuns: 2_000 },
    );
  });
});

function apply(ledger: Ledger, { name, tenantId, afterMinutes }: Command, newLeaseId: string) {
  ledger.now = minutesAfter(afterMinutes, ledger.now);
  const steps = stepsOf(decide(ledger, name, tenantId, newLeaseId));
  const wasOccupant = occupant(ledger.number);
  for (const step of steps) {
    expect(step.before).toBe(ledger.number);
    ledger.number = step.after;
    ledger.steps.push(step);
    const { claim } = step;
    if (claim?.kind === 'LEASE' || claim?.kind === 'OPEN_LEASE')
      count(ledger, claim.lease.tenantId, 1);
    if (claim?.kind === 'END' && claim.wasLease) count(ledger, claim.tenantId, -1);
    if (step.bar) ledger.bars.set(step.bar.tenantId, step.bar.until);
  }
  if (name !== 'time' && ['reserve', 'hold', 'lease'].includes(name) && steps.length > 0) {
    expect(occupant(ledger.number)).toBe(tenantId);
    expect((ledger.bars.get(tenantId) ?? ledger.now) <= ledger.now).toBe(true);
  } else if (steps.length === 0) {
    expect(occupant(ledger.number)).toBe(wasOccupant);
  }
}

function decide(
  ledger: Ledger,
  name: (typeof COMMANDS)[number],
  tenantId: string,
  newLeaseId: string,
) {
  const { number, now } = ledger;
  const leased = ledger.leases.get(tenantId) ?? 0;
  const quotas = {
    MSISDN: QUOTA,
    SHORT_CODE: QUOTA,
    ALPHA: QUOTA,
    maxActiveReservations: 5,
    maxHolds: 5,
  };
  const use = {
    leases: { MSISDN: leased, SHORT_CODE: 0, ALPHA: leased },
    activeReservations: 0,
    holds: 0,
  };
  const tenant = aTenant({ tenantId, quotas, use });
  const facts = {
    ...someFacts({ now, tenant, newLeaseId, barredUntil: ledger.bars.get(tenantId) }),
    price: null,
  };
  const ask = {
    caller: aTenantUser(tenantId, 'numbering:lease:bypass'),
    tenantId,
    written: number.identifier,
  };
  const officer = anOfficer();
  const aside = { written: number.identifier, reason: 'why' };
  switch (name) {
    case 'reserve':
      return reserve(number, ask, facts);
    case 'hold':
      return hold(number, ask, facts);
    case 'release':
      return release(number, ask, facts);
    case 'lease':
      return lease(
        number,
        { ...ask, term: aTerm('2d'), autoRenew: tenantId === 'a', vanity: false },
        facts,
      );
    case 'recall':
      return recall(
        number,
        { ...aside, caller: officer, actorId: officer.sub, reason: 'ABUSE' },
        facts,
      );
    case 'suspend':
      return suspend(number, aside, facts);
    case 'resume':
      return resume(number, aside, facts);
    case 'override':
      return overrideQuarantine(
        number,
        { ...aside, caller: anOfficer('another'), justification: 'ten characters' },
        facts,
      );
    case 'retire':
      return retire(number, aside, facts);
    case 'time': {
      const due = lapse(number, facts) ?? endCoolDown(number, facts);
      return { steps: due ? [due] : expire(number, facts), answer: undefined };
    }
  }
}

const stepsOf = (decision: Decision<unknown>): readonly Step[] =>
  isRefusal(decision) ? [] : decision.steps;

const count = (ledger: Ledger, tenantId: string, change: number) =>
  ledger.leases.set(tenantId, (ledger.leases.get(tenantId) ?? 0) + change);

/** I2, I3, I7 on the whole history: one version a step, legal moves only, no quota exceeded, nothing at rest that must not be. */
function holds(first: NumberRecord, { number, steps, leases }: Ledger) {
  steps.forEach((step, index) => {
    expect(step.after.version).toBe(first.version + index + 1);
    expect(isLegalMove(step.action, step.before.state, step.after.state)).toBe(true);
    expect(step.after.changedAt >= step.before.changedAt).toBe(true);
    expect(step.event.type).toMatch(/^numbering\./);
  });
  expect(['RECALLED', 'EXPIRED']).not.toContain(number.state);
  expect(number).toEqual(steps.at(-1)?.after ?? first);
  const held = number.state === 'LEASED' || number.state === 'SUSPENDED' ? 1 : 0;
  expect([...leases.values()].reduce((a, b) => a + b, 0)).toBe(held);
  for (const leased of leases.values()) expect(leased).toBeLessThanOrEqual(QUOTA);
}
