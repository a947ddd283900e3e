import { minutesAfter, aNumber, aClaim, aLease, restingIn, someFacts } from './builders.fixture';
import { cascade } from './cascade';
import { DAY_MS } from './policy';

const SUSPENSION = {
  suspensionId: 'suspension-1',
  tenantId: 'mine',
  ticketId: 'T-9',
  suspendedBy: 'officer-1',
};
const STATES = [
  'AVAILABLE',
  'RESERVED',
  'HELD',
  'LEASED',
  'SUSPENDED',
  'QUARANTINE',
  'RETIRED',
] as const;

describe('what a suspension does to a number of its tenant', () => {
  it.each([
    ['AVAILABLE', []],
    ['RESERVED', ['AVAILABLE']],
    ['HELD', ['AVAILABLE']],
    ['LEASED', ['RECALLED', 'QUARANTINE']],
    ['SUSPENDED', ['RECALLED', 'QUARANTINE']],
    ['QUARANTINE', []],
    ['RETIRED', []],
  ] as const)('%s → %j', (state, wanted) => {
    const steps = cascade(restingIn(state), SUSPENSION, someFacts());
    expect(steps.map(({ after }) => after.state)).toEqual(wanted);
    expect(steps.map(({ ticketId }) => ticketId)).toEqual(wanted.map(() => 'T-9'));
  });

  it.each(STATES)('another tenant’s %s is left alone', (state) => {
    expect(cascade(restingIn(state, 'theirs'), SUSPENSION, someFacts())).toEqual([]);
  });

  it('recalls in the name of who suspended, who may not override it', () => {
    const [recalled] = cascade(restingIn('LEASED'), SUSPENSION, someFacts());
    expect(recalled?.event).toMatchObject({
      type: 'numbering.lease.recalled',
      data: { reason: 'COMPLIANCE_SUSPENSION', ticketId: 'T-9', actorId: 'officer-1' },
    });
    expect(recalled?.claim).toMatchObject({ actorId: 'officer-1', callerSub: 'officer-1' });
    expect(recalled?.bar).toMatchObject({ tenantId: 'mine' });
  });

  it('tells of a release by a suspension, and of a lapse as a lapse', () => {
    const reasonOf = (expiresAt: Date) => {
      const reserved = aNumber({ state: 'RESERVED', claim: aClaim('mine', expiresAt) });
      return cascade(reserved, SUSPENSION, someFacts())[0]?.event.data;
    };
    expect(reasonOf(minutesAfter(1))).toEqual({ reason: 'TENANT_SUSPENDED' });
    expect(reasonOf(minutesAfter(0))).toEqual({ reason: 'TTL_EXPIRED' });
  });

  it.each([
    ['MSISDN', false, 90],
    ['SHORT_CODE', false, 30],
    ['SHORT_CODE', true, 365],
    ['ALPHA', false, 0],
  ] as const)('cools a %s (vanity %s) down for %d days', (identifierClass, vanity, days) => {
    const facts = someFacts();
    const leased = aNumber(
      { state: 'LEASED', lease: aLease('mine', { vanity }) },
      { identifierClass },
    );
    const last = cascade(leased, SUSPENSION, facts).at(-1)?.after;
    const availableAt = last?.state === 'QUARANTINE' ? last.availableAt : facts.now;
    expect(availableAt.getTime() - facts.now.getTime()).toBe(days * DAY_MS);
  });
});
