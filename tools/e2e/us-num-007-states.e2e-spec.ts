import { invalidState, proveTable, toAll, type ClaimTable } from './claim-table.fixture';

const reserved = {
  status: 201,
  leaseId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  identifier: expect.stringMatching(/^\+9379\d{7}$/),
  state: 'RESERVED',
  expiresAt: expect.stringMatching(/Z$/),
};
const own = (state: string) => ({
  own: invalidState(state, true),
  anothers: invalidState(state, false),
});

const TABLE: ClaimTable = {
  AVAILABLE: toAll(reserved),
  RESERVED: own('RESERVED'),
  HELD: own('HELD'),
  LEASED: own('LEASED'),
  SUSPENDED: own('SUSPENDED'),
  QUARANTINE: toAll(({ availableAt }) => ({
    ...{ status: 409, code: 'QUARANTINE_ACTIVE', state: 'QUARANTINE', availableAt },
  })),
  RETIRED: toAll(invalidState('RETIRED')),
  'not yet valid': toAll(({ validFrom }) => ({ status: 409, code: 'NOT_YET_VALID', validFrom })),
  'a reservation that has lapsed': toAll(reserved),
  'a hold that has lapsed': toAll(reserved),
  'a cool-down that is over': toAll(reserved),
  'a cool-down ended by an admin': {
    own: ({ availableAt }) => ({ status: 403, code: 'SELF_BYPASS_FORBIDDEN', availableAt }),
    anothers: reserved,
  },
};

proveTable('US-NUM-007 reserve, in every state', 'reserve', TABLE);
