import type { AroundMoment, Move } from '@numbering/persistence';
import { standingAt } from './standing-at';

const day = (n: number) => new Date(Date.UTC(2026, 0, n));
const move = (version: number, onDay: number, action: string, to: string): Move => ({
  version,
  at: day(onDay),
  action,
  to,
  tenantId: 'acme',
  leaseId: 'lease-1',
});
const around = (known: Partial<AroundMoment>): AroundMoment => ({
  bornAt: day(1),
  last: null,
  next: [],
  expiresAt: null,
  availableAt: null,
  now: day(28),
  ...known,
});
const at = (onDay: number, known: Partial<AroundMoment>) =>
  standingAt('4040', day(onDay), around(known));

describe('who held a number at a moment', () => {
  it('nobody before it was in the ledger', () => {
    expect(at(0, {})).toBeUndefined();
  });

  it('nobody since its birth, until its first claim', () => {
    expect(at(1, { next: [move(2, 3, 'RESERVE', 'RESERVED')] })).toEqual({
      identifier: '4040',
      at: day(1),
      state: 'AVAILABLE',
      since: day(1),
      until: day(3),
    });
  });

  it('the tenant of a lease, until it was recalled', () => {
    const known = {
      last: move(4, 3, 'LEASE', 'LEASED'),
      next: [move(5, 9, 'RECALL', 'RECALLED'), move(6, 9, 'QUARANTINE', 'QUARANTINE')],
    };
    expect(at(5, known)).toMatchObject({
      state: 'LEASED',
      tenantId: 'acme',
      leaseId: 'lease-1',
      since: day(3),
      until: day(9),
    });
  });

  it('still whose it is, with no end known', () => {
    const standing = at(5, { last: move(4, 3, 'LEASE', 'LEASED') });
    expect(standing).toMatchObject({ state: 'LEASED', tenantId: 'acme' });
    expect(standing).not.toHaveProperty('until');
  });

  describe('a reservation that lapsed on day 5 and was swept on day 8', () => {
    const known = {
      last: move(2, 3, 'RESERVE', 'RESERVED'),
      next: [move(3, 8, 'TTL_EXPIRE', 'AVAILABLE'), move(4, 10, 'RESERVE', 'RESERVED')],
      expiresAt: day(5),
    };

    it('was its tenant’s until it lapsed', () => {
      expect(at(4, known)).toMatchObject({ state: 'RESERVED', tenantId: 'acme', until: day(5) });
    });

    it('was nobody’s from then on, and not only from the sweep', () => {
      expect(at(6, known)).toEqual({
        identifier: '4040',
        at: day(6),
        state: 'AVAILABLE',
        since: day(5),
        until: day(10),
      });
    });
  });

  it('nobody where a lapsed reservation was never swept', () => {
    const known = { last: move(2, 3, 'RESERVE', 'RESERVED'), expiresAt: day(5) };
    expect(at(6, known)).toMatchObject({ state: 'AVAILABLE', since: day(5) });
    expect(at(4, known)).toMatchObject({ state: 'RESERVED', until: day(5) });
  });

  it('a reservation that became a hold had not lapsed, whatever its claim says today', () => {
    const known = {
      last: move(2, 3, 'RESERVE', 'RESERVED'),
      next: [move(3, 6, 'HOLD', 'HELD')],
      expiresAt: day(4),
    };
    expect(at(5, known)).toMatchObject({ state: 'RESERVED', until: day(6) });
  });

  it('a cool-down that was over was over, whenever it was swept', () => {
    const known = {
      last: move(6, 3, 'QUARANTINE', 'QUARANTINE'),
      next: [move(7, 12, 'QUARANTINE_END', 'AVAILABLE')],
      availableAt: day(10),
    };
    expect(at(9, known)).toMatchObject({ state: 'QUARANTINE', until: day(10) });
    expect(at(9, known)).not.toHaveProperty('tenantId');
    expect(at(11, known)).toMatchObject({ state: 'AVAILABLE', since: day(10) });
  });

  it('an override ends a cool-down when it was made', () => {
    const known = {
      last: move(6, 3, 'QUARANTINE', 'QUARANTINE'),
      next: [move(7, 5, 'QUARANTINE_OVERRIDE', 'AVAILABLE')],
      availableAt: day(20),
    };
    expect(at(4, known)).toMatchObject({ state: 'QUARANTINE', until: day(5) });
  });

  it('a moment ahead is answered as it stands now', () => {
    const known = { last: move(2, 27, 'RESERVE', 'RESERVED'), expiresAt: day(30), now: day(28) };
    const standing = standingAt('4040', day(60), around(known));
    expect(standing).toMatchObject({ state: 'RESERVED', tenantId: 'acme' });
    expect(standing).not.toHaveProperty('until');
  });
});
