import { invalidState, proveTable, toAll, type ClaimTable } from './claim-table.fixture';

const held = {
  status: 200,
  leaseId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  identifier: expect.stringMatching(/^\+9379\d{7}$/),
  state: 'HELD',
  expiresAt: expect.stringMatching(/Z$/),
};
const heldByOther = (state: string) => ({ status: 409, code: 'HELD_BY_OTHER_TENANT', state });
const alreadyLeased = (state: string) => ({ status: 409, code: 'ALREADY_LEASED', state });

const TABLE: ClaimTable = {
  AVAILABLE: toAll(invalidState('AVAILABLE')),
  RESERVED: { own: held, anothers: heldByOther('RESERVED') },
  HELD: { own: invalidState('HELD', true), anothers: heldByOther('HELD') },
  LEASED: toAll(alreadyLeased('LEASED')),
  SUSPENDED: toAll(alreadyLeased('SUSPENDED')),
  QUARANTINE: toAll(invalidState('QUARANTINE')),
  RETIRED: toAll(invalidState('RETIRED')),
  'not yet valid': toAll(invalidState('AVAILABLE')),
  'a reservation that has lapsed': toAll(invalidState('AVAILABLE')),
  'a hold that has lapsed': toAll(invalidState('AVAILABLE')),
  'a cool-down that is over': toAll(invalidState('AVAILABLE')),
  'a cool-down ended by an admin': toAll(invalidState('AVAILABLE')),
};

proveTable('US-NUM-008 hold, in every state', 'hold', TABLE);
