import { numberPath, openDoor, type Answer, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const DAY_MS = 86_400_000;
const SCOPES = ['numbering:read', 'numbering:write'];
const COMMANDS = ['reserve', 'hold', 'release', 'reservations'] as const;
type Command = (typeof COMMANDS)[number];

/** Which number is asked for. */
type Asked = 'unknown' | 'free' | 'cooling' | 'future' | 'theirs' | 'leased';

/** One thing that is wrong with a call; what is told of several is the one of the lowest rank. */
interface Fault {
  rank: number;
  status: number;
  code: string | Partial<Record<Command, string>>;
  body?: object;
  raw?: string;
  /** What stands for the identifier. */
  written?: string;
  lacksWrite?: true;
  hasNoToken?: true;
  tenant?: { allowlist?: string[]; isFull?: true; isSuspended?: true };
  number?: Asked;
}

const WRITING: readonly Command[] = ['reserve', 'hold', 'release', 'reservations'];
const CLAIMING: readonly Command[] = ['reserve', 'hold', 'reservations'];

/** In the order of ruling 17; within a rank none is promised. */
const FAULTS: Record<string, Fault & { of: readonly Command[] }> = {
  'no token': { rank: 1, status: 401, code: 'UNAUTHENTICATED', hasNoToken: true, of: WRITING },
  'no JSON': { rank: 2, status: 400, code: 'MALFORMED', raw: '{"x":', of: WRITING },
  'no such member': {
    ...{ rank: 3, status: 422, code: 'VALIDATION_FAILED', body: { colour: 'red' } },
    of: WRITING,
  },
  'no identifier': {
    ...{ rank: 3, status: 422, code: 'INVALID_IDENTIFIER', written: 'no#one' },
    of: ['reserve', 'hold', 'release'],
  },
  unknown: {
    ...{ rank: 4, status: 404, code: 'UNKNOWN_IDENTIFIER', number: 'unknown' },
    of: ['reserve', 'hold', 'release'],
  },
  'may not write': { rank: 5, status: 403, code: 'FORBIDDEN', lacksWrite: true, of: WRITING },
  'another tenant': {
    ...{ rank: 5, status: 403, code: 'TENANT_MISMATCH', body: { tenantId: 'else' } },
    of: WRITING,
  },
  suspended: {
    ...{ rank: 5, status: 403, code: 'TENANT_SUSPENDED', tenant: { isSuspended: true } },
    of: CLAIMING,
  },
  'not its operator': {
    ...{ rank: 5, status: 403, code: 'OPERATOR_NOT_ALLOWED', tenant: { allowlist: ['AWCC'] } },
    of: CLAIMING,
  },
  'another’s, given back': {
    ...{ rank: 5, status: 403, code: 'NOT_OWNER', number: 'theirs' },
    of: ['release'],
  },
  'cooling down': {
    ...{ rank: 7, status: 409, number: 'cooling' },
    code: {
      reserve: 'QUARANTINE_ACTIVE',
      reservations: 'QUARANTINE_ACTIVE',
      hold: 'INVALID_STATE',
    },
    of: CLAIMING,
  },
  'not yet valid': {
    ...{ rank: 7, status: 409, code: 'NOT_YET_VALID', number: 'future' },
    of: ['reserve', 'reservations'],
  },
  'another’s': {
    ...{ rank: 7, status: 409, number: 'theirs' },
    code: { reserve: 'INVALID_STATE', reservations: 'INVALID_STATE', hold: 'HELD_BY_OTHER_TENANT' },
    of: CLAIMING,
  },
  leased: {
    ...{ rank: 7, status: 409, number: 'leased' },
    code: { reserve: 'INVALID_STATE', reservations: 'INVALID_STATE', hold: 'ALREADY_LEASED' },
    of: CLAIMING,
  },
  'nobody’s': {
    ...{ rank: 7, status: 409, code: 'INVALID_STATE', number: 'free' },
    of: ['hold', 'release'],
  },
  'at quota': {
    ...{ rank: 8, status: 403, code: 'RESERVATION_QUOTA', tenant: { isFull: true } },
    of: ['reserve', 'reservations'],
  },
};

const faultOf = (name: string) => FAULTS[name] as Fault & { of: readonly Command[] };

/** Whether one call can have both: it asks for one number, written in one way. */
const canMeet = (a: Fault, b: Fault): boolean =>
  a.rank < b.rank &&
  (a.number === undefined || b.number === undefined) &&
  (a.raw === undefined || b.raw === undefined);

const cases = COMMANDS.flatMap((command) => {
  const names = Object.keys(FAULTS).filter((name) => faultOf(name).of.includes(command));
  return names.flatMap((first) => [
    [command, first, 'nothing else'] as const,
    ...names
      .filter((second) => canMeet(faultOf(first), faultOf(second)))
      .map((second) => [command, first, second] as const),
  ]);
});

describe('US-NUM-007, 008, 009 the order of checks (ruling 17)', () => {
  let door: Door;
  const numbers = { unknown: '+93799999999' } as Record<Asked, string>;
  const tenants = new Map<string, Promise<string>>();
  let before: object[];

  const ok = async (asked: Promise<Answer>) => {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(answer.text);
  };

  beforeAll(async () => {
    door = await openDoor();
    const made = await door.numbers(5);
    const [free = '', cooling = '', theirs = '', leased = ''] = made;
    const holder = await door.tenant('holder', SCOPES.join(' '));
    const terms = { tenantId: 'holder', term: '30d', autoRenew: false };
    for (const number of [cooling, theirs, leased])
      await ok(holder.post(numberPath(number, 'reserve')));
    for (const number of [cooling, leased])
      await ok(holder.post(numberPath(number, 'lease'), terms));
    const recall = { reason: 'TENANT_REQUEST', actorId: 'user-holder' };
    await ok(holder.post(numberPath(cooling, 'recall'), recall));
    const future = '+93799999990';
    const validFrom = new Date(Date.now() + DAY_MS).toISOString();
    const identifiers = [{ identifier: future, operatorId: 'ROSHAN', validFrom }];
    await ok(door.admin.post(`${ADMIN}/identifiers`, { identifiers }));
    Object.assign(numbers, { free, cooling, theirs, leased, future });
    before = await versions();
  });
  afterAll(() => door.close());

  const versions = () =>
    door.sql<object>('SELECT identifier, version FROM numbering.identifiers ORDER BY identifier');

  /** A tenant that is set as the faults want it; the same one for the same settings. */
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

  async function makeTenant(id: string, { allowlist, isFull, isSuspended }: Fault['tenant'] & {}) {
    const plan = { plan: 'starter', ...(allowlist ? { operatorAllowlist: allowlist } : {}) };
    await ok(door.admin.put(`${ADMIN}/tenants/${id}`, plan));
    if (isFull) {
      const quotas = { maxActiveReservations: 0 };
      await ok(door.admin.put(`${ADMIN}/tenants/${id}/quotas`, quotas));
    }
    const why = { ticketId: 'T-1', reason: 'a test', cascade: false };
    if (isSuspended) await ok(door.admin.post(`${ADMIN}/tenants/${id}/suspend`, why));
    return id;
  }

  async function call(command: Command, faults: readonly Fault[]): Promise<Answer> {
    const tenant = await tenantWith(faults);
    const scopes = faults.some(({ lacksWrite }) => lacksWrite) ? ['numbering:read'] : SCOPES;
    const caller = faults.some(({ hasNoToken }) => hasNoToken)
      ? door.as(undefined)
      : await door.tenant(tenant, scopes.join(' '));
    const asked = faults.map(({ number }) => number).find(Boolean) ?? 'free';
    const written = faults.map((f) => f.written).find(Boolean) ?? numbers[asked];
    const isBulk = command === 'reservations';
    const path = isBulk ? '/v1/numbers/reservations' : numberPath(written, command);
    const raw = faults.map((f) => f.raw).find(Boolean);
    const members = isBulk ? { identifiers: [written], atomic: true } : {};
    const body = raw ?? Object.assign(members, ...faults.map((f) => f.body));
    return caller.post(path, body, { headers: { 'content-type': 'application/json' } });
  }

  it.each(cases)('%s: %s comes before %s', async (command, first, second) => {
    const faults = second === 'nothing else' ? [faultOf(first)] : [first, second].map(faultOf);
    const { status, code } = faultOf(first);
    const answer = await call(command, faults);
    const wanted = typeof code === 'string' ? code : code[command];
    expect([answer.status, answer.body.code]).toEqual([status, wanted]);
    expect(answer.text).not.toMatch(/\bholder\b/);
  });

  it('has changed nothing by all of that', async () => {
    expect(await versions()).toEqual(before);
  });
});
