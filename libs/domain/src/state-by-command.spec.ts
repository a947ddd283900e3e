import { aTenantUser, aTerm, anOfficer, daysAfter, restingIn, someFacts } from './builders.fixture';
import type { Decision } from './decision';
import { expire } from './expiry';
import { hold } from './hold';
import { lease } from './lease';
import type { NumberRecord } from './number-state';
import { overrideQuarantine, retire } from './quarantine';
import { recall } from './recall';
import { isRefusal } from './refusal';
import { release } from './release';
import { reserve } from './reserve';
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
