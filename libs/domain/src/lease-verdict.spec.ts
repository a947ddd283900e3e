import { judge, type IdentifierFacts, type TenantStanding, type Verdict } from './lease-verdict';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const mine: TenantStanding = { tenantId: 'mine', version: 1, status: 'ACTIVE' };
const suspended: TenantStanding = { ...mine, status: 'SUSPENDED' };
const facts = (more: Partial<IdentifierFacts>): IdentifierFacts => ({
  identifier: '+93791234567',
  version: 3,
  state: 'AVAILABLE',
  ...more,
});
const leased = facts({
  state: 'LEASED',
  tenantId: 'mine',
  leaseId: 'l',
  effectiveUntilMs: NOW + 1,
});
const reason = (verdict: Verdict) => (verdict.valid ? '' : verdict.reason);

describe('the verdict (ruling 9)', () => {
  it.each<[string, IdentifierFacts | undefined, string]>([
    ['unknown', undefined, 'NOT_REGISTERED'],
    ['retired', facts({ state: 'RETIRED' }), 'NOT_REGISTERED'],
    ['not in service yet', facts({ validFromMs: NOW + 1 }), 'NOT_REGISTERED'],
    ['in service from now on', facts({ validFromMs: NOW }), 'NOT_LEASED'],
    ['another’s lease', { ...leased, tenantId: 'theirs' }, 'WRONG_TENANT'],
    [
      'another’s suspended lease',
      { ...leased, state: 'SUSPENDED', tenantId: 'theirs' },
      'WRONG_TENANT',
    ],
    [
      'another’s lease past its end',
      { ...leased, tenantId: 'theirs', effectiveUntilMs: NOW - 1 },
      'WRONG_TENANT',
    ],
    [
      'another’s reservation',
      facts({ state: 'RESERVED', tenantId: 'theirs', expiresAtMs: NOW + 1 }),
      'WRONG_TENANT',
    ],
    [
      'another’s lapsed reservation',
      facts({ state: 'RESERVED', tenantId: 'theirs', expiresAtMs: NOW }),
      'NOT_LEASED',
    ],
    ['own hold', facts({ state: 'HELD', tenantId: 'mine', expiresAtMs: NOW + 1 }), 'NOT_LEASED'],
    ['own suspended lease', { ...leased, state: 'SUSPENDED' }, 'LEASE_SUSPENDED'],
    ['own lease at its end', { ...leased, effectiveUntilMs: NOW }, 'LEASE_EXPIRED'],
    ['own lease in grace', { ...leased, effectiveUntilMs: NOW, graceUntilMs: NOW + 1 }, ''],
    [
      'own lease past its grace',
      { ...leased, effectiveUntilMs: NOW - 5, graceUntilMs: NOW },
      'LEASE_EXPIRED',
    ],
    ['own lease', leased, ''],
    [
      'recalled',
      facts({ state: 'QUARANTINE', cause: 'RECALL', availableAtMs: NOW + 1 }),
      'LEASE_RECALLED',
    ],
    [
      'expired',
      facts({ state: 'QUARANTINE', cause: 'EXPIRY', availableAtMs: NOW + 1 }),
      'LEASE_EXPIRED',
    ],
    [
      'cool-down over',
      facts({ state: 'QUARANTINE', cause: 'RECALL', availableAtMs: NOW }),
      'NOT_LEASED',
    ],
    ['available', facts({}), 'NOT_LEASED'],
  ])('%s', (_title, asked, wanted) => {
    expect(reason(judge(asked, mine, NOW))).toBe(wanted);
  });

  it('says LEASE_SUSPENDED to a suspended tenant, unless the number is another’s or unknown', () => {
    const of = (asked: IdentifierFacts | undefined) => reason(judge(asked, suspended, NOW));
    expect([
      of(leased),
      of(facts({})),
      of({ ...leased, tenantId: 'theirs' }),
      of(undefined),
    ]).toEqual(['LEASE_SUSPENDED', 'LEASE_SUSPENDED', 'WRONG_TENANT', 'NOT_REGISTERED']);
  });

  it('tells lease, term and grace to the holder alone, grace only once it has begun', () => {
    expect(judge({ ...leased, graceUntilMs: NOW + 9 }, mine, NOW)).toEqual({
      valid: true,
      leaseId: 'l',
      effectiveUntilMs: NOW + 1,
    });
    expect(judge({ ...leased, graceUntilMs: NOW + 9 }, mine, NOW + 1)).toEqual({
      valid: true,
      leaseId: 'l',
      effectiveUntilMs: NOW + 1,
      graceUntilMs: NOW + 9,
    });
    expect(judge({ ...leased, tenantId: 'theirs' }, mine, NOW)).toEqual({
      valid: false,
      reason: 'WRONG_TENANT',
    });
    expect(judge({ ...leased, state: 'SUSPENDED' }, mine, NOW)).toEqual({
      valid: false,
      reason: 'LEASE_SUSPENDED',
      leaseId: 'l',
      effectiveUntilMs: NOW + 1,
    });
  });
});
