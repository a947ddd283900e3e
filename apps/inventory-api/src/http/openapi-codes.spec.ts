import { codesOf, openApi, operationsOf, type Operation } from '../testing/document';
import { reachableCodes } from '../testing/reachable-codes';
import { DOOR_CODES, PROBLEM_CODES } from './refusal-status';

/** Every route that there is to be, as portals, admins and officers were promised. */
const PROMISED = `
GET  /v1/numbers/available
GET  /v1/numbers
GET  /v1/numbers/{identifier}
GET  /v1/numbers/{identifier}/history
POST /v1/numbers/{identifier}/reserve
POST /v1/numbers/reservations
POST /v1/numbers/{identifier}/hold
POST /v1/numbers/{identifier}/release
POST /v1/numbers/{identifier}/lease
POST /v1/numbers/{identifier}/recall
GET  /v1/quotas
GET  /v1/admin/numbers/{identifier}/history
POST /v1/admin/numbers/{identifier}/suspend
POST /v1/admin/numbers/{identifier}/resume
POST /v1/admin/numbers/{identifier}/retire
POST /v1/admin/numbers/{identifier}/quarantine/release
POST /v1/admin/numbering/blocks/import
GET  /v1/admin/numbering/blocks
GET  /v1/admin/numbering/blocks/{blockId}
GET  /v1/admin/numbering/blocks/{blockId}/errors.csv
POST /v1/admin/numbering/identifiers
GET  /v1/admin/numbering/signing-keys
POST /v1/admin/numbering/signing-keys
POST /v1/admin/numbering/signing-keys/{keyId}/revoke
GET  /v1/admin/numbering/operators
GET  /v1/admin/numbering/operators/{operatorId}
PUT  /v1/admin/numbering/operators/{operatorId}
GET  /v1/admin/numbering/quarantine/overrides
GET  /v1/admin/numbering/tenants/{tenantId}
PUT  /v1/admin/numbering/tenants/{tenantId}
POST /v1/admin/numbering/tenants/{tenantId}/suspend
POST /v1/admin/numbering/tenants/{tenantId}/reinstate
GET  /v1/admin/numbering/tenants/{tenantId}/quotas
PUT  /v1/admin/numbering/tenants/{tenantId}/quotas
GET  /v1/admin/numbering/prices
PUT  /v1/admin/numbering/prices
GET  /v1/admin/numbering/pools/capacity
GET  /v1/admin/numbering/audit`
  .trim()
  .split('\n')
  .map((line) => line.replace(/ +/, ' '))
  .sort();

/** What the door's hooks may answer, and the transaction that all changes share. */
const SHARED = new Set<string>([
  ...DOOR_CODES.filter((code) => code !== 'INVALID_CURSOR'),
  ...['FORBIDDEN', 'NOT_FOUND', 'VALIDATION_FAILED'],
  ...['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_IN_PROGRESS'],
]);
/** Told of a row or an item in an answer, and never the answer. */
const OF_ITEMS: Readonly<Record<string, string>> = {
  'POST /v1/admin/numbering/blocks/import': 'INVALID_IDENTIFIER',
  'POST /v1/admin/numbering/identifiers': 'INVALID_IDENTIFIER',
};

describe('openapi.json: routes and codes', () => {
  let operations: Map<string, Operation>;
  let reachable: Map<string, Set<string>>;
  beforeAll(async () => {
    operations = operationsOf(await openApi());
    reachable = reachableCodes();
  });

  it('has the routes that were promised, which are those that the controllers have', () => {
    expect([...operations.keys()].sort()).toEqual(PROMISED);
    expect([...reachable.keys()].sort()).toEqual(PROMISED);
  });

  it('has every code somewhere, as the table of codes has it', () => {
    const told = new Set([...operations.values()].flatMap(codesOf));
    expect([...told].sort()).toEqual([...PROBLEM_CODES].sort());
  });

  it.each(PROMISED)('%s: every refusal that its code can come to, and no other', (route) => {
    const operation = operations.get(route);
    const told = operation ? codesOf(operation) : [];
    const found = [...(reachable.get(route) ?? [])].filter((code) => OF_ITEMS[route] !== code);
    expect(found.filter((code) => !told.includes(code))).toEqual([]);
    expect(told.filter((code) => !found.includes(code) && !SHARED.has(code))).toEqual([]);
  });

  it('finds the refusals of a decision three calls away', () => {
    expect([...(reachable.get('POST /v1/numbers/{identifier}/lease') ?? [])]).toEqual(
      expect.arrayContaining(['QUOTA_EXCEEDED', 'INVALID_TERM', 'NOT_VANITY_ELIGIBLE']),
    );
  });
});
