import { invalidState, proveTable, toAll, type ClaimTable } from './claim-table.fixture';

const released = {
  status: 200,
  leaseId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  identifier: expect.stringMatching(/^\+9379\d{7}$/),
  state: 'AVAILABLE',
};
const notOwner = { status: 403, code: 'NOT_OWNER' };
const useRecall = (state: string) => ({ status: 409, code: 'USE_RECALL_FOR_LEASES', state });

const TABLE: ClaimTable = {
  AVAILABLE: toAll(invalidState('AVAILABLE')),
  RESERVED: { own: released, anothers: notOwner },
  HELD: { own: released, anothers: notOwner },
  LEASED: { own: useRecall('LEASED'), anothers: notOwner },
  SUSPENDED: { own: useRecall('SUSPENDED'), anothers: notOwner },
  QUARANTINE: toAll(invalidState('QUARANTINE')),
  RETIRED: toAll(invalidState('RETIRED')),
  'not yet valid': toAll(invalidState('AVAILABLE')),
  'a reservation that has lapsed': toAll(invalidState('AVAILABLE')),
  'a hold that has lapsed': toAll(invalidState('AVAILABLE')),
  'a cool-down that is over': toAll(invalidState('AVAILABLE')),
  'a cool-down ended by an admin': toAll(invalidState('AVAILABLE')),
};

proveTable('US-NUM-009 release, in every state', 'release', TABLE);
