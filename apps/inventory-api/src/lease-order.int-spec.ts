import { numberPath, openDoor, type Answer, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const DAY_MS = 86_400_000;
const SCOPES = ['numbering:read', 'numbering:write', 'numbering:lease:bypass'];

/** One thing that is wrong with a call to lease; what is told of several is the one of the lowest rank. */
interface Fault {
  rank: number;
  status: number;
  code: string;
  /** Members of the body. */
  body?: object;
  /** The body as it is sent, which is no JSON then. */
  raw?: string;
  path?: string;
  /** The scope that the token has not. */
  lacks?: string;
  hasNoToken?: true;
  /** How the tenant is set before. */
  tenant?: { allowlist?: string[]; quota?: number; isSuspended?: true };
  /** Which number is asked for. */
  number?: 'unknown' | 'quarantine' | 'future' | 'held' | 'leased' | 'suspended' | 'past its end';
}

/** In the order of ruling 17; within a rank none is promised. */
const FAULTS: Record<string, Fault> = {
  'no token': { rank: 1, status: 401, code: 'UNAUTHENTICATED', hasNoToken: true },
  'no JSON': { rank: 2, status: 400, code: 'MALFORMED', raw: '{"x":' },
  'no flag': { rank: 3, status: 422, code: 'VALIDATION_FAILED', body: { autoRenew: 'no' } },
  'no identifier': { rank: 3, status: 422, code: 'INVALID_IDENTIFIER', path: 'no%23one' },
  'no term': { rank: 3, status: 422, code: 'INVALID_TERM', body: { term: 'soon' } },
  unknown: { rank: 4, status: 404, code: 'UNKNOWN_IDENTIFIER', number: 'unknown' },
  'may not write': { rank: 5, status: 403, code: 'FORBIDDEN', lacks: 'numbering:write' },
  'another tenant': { rank: 5, status: 403, code: 'TENANT_MISMATCH', body: { tenantId: 'else' } },
  suspended: { rank: 5, status: 403, code: 'TENANT_SUSPENDED', tenant: { isSuspended: true } },
  'not its operator': {
    ...{ rank: 5, status: 403, code: 'OPERATOR_NOT_ALLOWED' },
    tenant: { allowlist: ['AWCC'] },
  },
  'not eligible': {
    ...{ rank: 6, status: 422, code: 'NOT_VANITY_ELIGIBLE' },
    body: { vanityFlag: true, term: '1y' },
  },
  'cooling down': { rank: 7, status: 409, code: 'QUARANTINE_ACTIVE', number: 'quarantine' },
  'not yet valid': { rank: 7, status: 409, code: 'NOT_YET_VALID', number: 'future' },
  'another’s hold': { rank: 7, status: 409, code: 'HELD_BY_OTHER_TENANT', number: 'held' },
  leased: { rank: 7, status: 409, code: 'ALREADY_LEASED', number: 'leased' },
  'leased and suspended': { rank: 7, status: 409, code: 'ALREADY_LEASED', number: 'suspended' },
  'leased, past its end': { rank: 7, status: 409, code: 'ALREADY_LEASED', number: 'past its end' },
  'not reserved': {
    rank: 7,
    status: 409,
    code: 'RESERVATION_REQUIRED',
    lacks: 'numbering:lease:bypass',
  },
  'at quota': { rank: 8, status: 403, code: 'QUOTA_EXCEEDED', tenant: { quota: 0 } },
};

const names = Object.keys(FAULTS);
const faultOf = (name: string): Fault => FAULTS[name] as Fault;

/** Whether one call can have both: it asks for one number. */
const canMeet = (a: Fault, b: Fault): boolean =>
  a.rank < b.rank && (a.number === undefined || b.number === undefined);

const pairs = names.flatMap((first) =>
  names
    .filter((second) => canMeet(faultOf(first), faultOf(second)))
    .map((second) => [first, second] as const),
);

describe('US-NUM-003 the order of checks (ruling 17)', () => {
  let door: Door;
  const numbers: Record<string, string> = {};
  const tenants = new Map<string, Promise<string>>();
  let before: object[];

  const ok = async (asked: Promise<Answer>) => {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(answer.text);
  };

  beforeAll(async () => {
    door = await openDoor();
    const made = await door.numbers(7);
    const [free = '', quarantine = '', held = '', leased = '', suspended = '', past = ''] = made;
    const holder = await door.tenant('holder', SCOPES.join(' '));
    const terms = { tenantId: 'holder', term: '30d', autoRenew: false };
    await ok(holder.post(numberPath(held, 'reserve')));
    for (const number of [quarantine, leased, suspended, past]) {
      await ok(holder.post(numberPath(number, 'lease'), terms));
    }
    const recall = { reason: 'TENANT_REQUEST', actorId: 'user-holder' };
    await ok(holder.post(numberPath(quarantine, 'recall'), recall));
    const why = { reason: 'a test' };
    const path = `/v1/admin/numbers/${encodeURIComponent(suspended)}/suspend`;
    await ok(door.admin.post(path, why));
    await door.sql(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() - interval '1 day'
        WHERE identifier = $1`,
      [past],
    );
    const future = '+93799999990';
    const validFrom = new Date(Date.now() + DAY_MS).toISOString();
    const identifiers = [{ identifier: future, operatorId: 'ROSHAN', validFrom }];
    await ok(door.admin.post(`${ADMIN}/identifiers`, { identifiers }));
    const unknown = '+93799999999';
    Object.assign(numbers, { free, unknown, quarantine, future, held, leased, suspended });
    numbers['past its end'] = past;
    before = await versions();
  });
  afterAll(() => door.close());

  /** A tenant that is set as all the faults want it; the same one for the same settings. */
  function tenantWith(faults: readonly Fault[]): Promise<string> {
    const settings: NonNullable<Fault['tenant']> = Object.assign(
      {},
      ...faults.map((f) => f.tenant),
    );
    const name = `tenant-${JSON.stringify(settings).replaceAll(/\W+/g, '-')}`;
    const known = tenants.get(name) ?? makeTenant(name, settings);
    tenants.set(name, known);
    return known;
  }

  async function makeTenant(id: string, { allowlist, quota, isSuspended }: Fault['tenant'] & {}) {
    const plan = { plan: 'starter', ...(allowlist ? { operatorAllowlist: allowlist } : {}) };
    await ok(door.admin.put(`${ADMIN}/tenants/${id}`, plan));
    if (quota !== undefined) {
      await ok(door.admin.put(`${ADMIN}/tenants/${id}/quotas`, { MSISDN: quota }));
    }
    const why = { ticketId: 'T-1', reason: 'a test', cascade: false };
    if (isSuspended) await ok(door.admin.post(`${ADMIN}/tenants/${id}/suspend`, why));
    return id;
  }

  async function leaseWith(...faults: Fault[]): Promise<Answer> {
    const tenant = await tenantWith(faults);
    const lacking = new Set(faults.map(({ lacks }) => lacks));
    const scope = SCOPES.filter((each) => !lacking.has(each)).join(' ');
    const { path, raw, number = 'free', hasNoToken } = Object.assign({}, ...faults) as Fault;
    const token = hasNoToken ? undefined : await door.issuer.token({ tenant, scope });
    const terms = { tenantId: tenant, term: '30d', autoRenew: false };
    // Where two want the same member otherwise, the first one has it.
    const body = Object.assign(terms, ...[...faults].reverse().map((fault) => fault.body));
    const at = path ?? encodeURIComponent(numbers[number] ?? '');
    return door.as(token).post(`/v1/numbers/${at}/lease`, raw ?? body, {
      headers: { 'content-type': 'application/json' },
    });
  }

  const versions = () => door.sql('SELECT identifier, version, state FROM numbering.identifiers');

  it.each(names)('alone: %s', async (name) => {
    const fault = faultOf(name);
    const { status, body } = await leaseWith(fault);
    expect([status, body.code]).toEqual([fault.status, fault.code]);
  });

  it.each(pairs)('%s comes before: %s', async (first, second) => {
    const { status, body } = await leaseWith(faultOf(first), faultOf(second));
    expect([status, body.code]).toEqual([faultOf(first).status, faultOf(first).code]);
  });

  it('has changed nothing by all of that, and leases where nothing is wrong', async () => {
    expect(await versions()).toEqual(before);
    expect((await leaseWith()).status).toBe(201);
  });
});
