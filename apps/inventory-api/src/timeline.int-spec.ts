import { numberPath, openDoor, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const SUSPENDED_FOR = { reason: 'looked into' };

interface Row {
  at: string;
  action: string;
  from: string | null;
  to: string;
  version: number;
  tenantId?: string;
}

describe('US-NUM-004 the timeline of a number', () => {
  let door: Door;
  let officer: Calls;
  let first: Calls;
  let second: Calls;
  let number: string;
  let effectiveFrom: string;

  beforeAll(async () => {
    door = await openDoor();
    const scope = 'numbering:compliance';
    officer = door.as(await door.issuer.token({ sub: 'officer-2', scope }));
    [first, second] = [await door.tenant('first'), await door.tenant('second')];
    [number = ''] = await door.numbers(1);
    await walk();
  });
  afterAll(() => door.close());

  const adminPath = (rest: string) => `/v1/admin/numbers/${encodeURIComponent(number)}/${rest}`;
  const done = async (asked: ReturnType<Calls['get']>) => {
    const answer = await asked;
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.body;
  };
  /** Everything that can happen to it but for time, by one tenant and then another. */
  async function walk(): Promise<void> {
    await done(first.post(numberPath(number, 'reserve')));
    await done(first.post(numberPath(number, 'hold')));
    const terms = { tenantId: 'first', term: '30d', autoRenew: false };
    const leased = await done(first.post(numberPath(number, 'lease'), terms));
    effectiveFrom = String(leased['effectiveFrom']);
    await done(door.admin.post(adminPath('suspend'), SUSPENDED_FOR));
    await done(door.admin.post(adminPath('resume'), SUSPENDED_FOR));
    const recall = { reason: 'ABUSE', actorId: 'admin-1', ticketId: 'T-1' };
    await done(door.admin.post(numberPath(number, 'recall'), recall));
    const justification = 'recalled by mistake';
    await done(officer.post(adminPath('quarantine/release'), { justification }));
    await done(second.post(numberPath(number, 'reserve')));
    await done(second.post(numberPath(number, 'release')));
    await done(door.admin.post(adminPath('retire'), { reason: 'given back', ticketId: 'T-2' }));
  }
  const rowsOf = (body: { items?: object[] }) => (body.items ?? []) as Row[];
  const standingAt = async (moment: string) =>
    officer.get(adminPath(`history?at=${encodeURIComponent(moment)}`));
  const millisecondsAfter = (moment: string, ms: number) =>
    new Date(Date.parse(moment) + ms).toISOString();

  it('is whole for officers, oldest first, from its birth to its end', async () => {
    const rows = rowsOf(await done(officer.get(adminPath('history'))));
    expect(rows.map(({ action, to, version }) => `${version} ${action} ${to}`)).toEqual([
      '1 REGISTER AVAILABLE',
      '2 RESERVE RESERVED',
      '3 HOLD HELD',
      '4 LEASE LEASED',
      '5 SUSPEND SUSPENDED',
      '6 RESUME LEASED',
      '7 RECALL RECALLED',
      '8 QUARANTINE QUARANTINE',
      '9 QUARANTINE_OVERRIDE AVAILABLE',
      '10 RESERVE RESERVED',
      '11 RELEASE AVAILABLE',
      '12 RETIRE RETIRED',
    ]);
  });

  it('shows a tenant the rows of its own claims, and nothing of another’s', async () => {
    const ownRows = async (tenant: Calls) => {
      const { status, text, body } = await tenant.get(numberPath(number, 'history'));
      expect(status).toBe(200);
      return { text, actions: rowsOf(body).map(({ action }) => action) };
    };
    const [mine, theirs] = [await ownRows(first), await ownRows(second)];
    expect(mine.actions).toEqual([
      ...['RESERVE', 'HOLD', 'LEASE', 'SUSPEND', 'RESUME', 'RECALL', 'QUARANTINE'],
    ]);
    expect(mine.text).not.toContain('second');
    expect(theirs.actions).toEqual(['RESERVE', 'RELEASE']);
    expect(theirs.text).not.toContain('first');
    const nobody = await door.tenant('nobody');
    expect((await ownRows(nobody)).actions).toEqual([]);
    const foreign = await second.get(numberPath(number, 'history?tenantId=first'));
    expect([foreign.status, foreign.body.code]).toEqual([403, 'TENANT_MISMATCH']);
    const scope = 'numbering:read numbering:tenants:any';
    const any = door.as(await door.issuer.token({ sub: 'portal', scope }));
    const asked = await done(any.get(numberPath(number, 'history?tenantId=first')));
    expect(rowsOf(asked)).toHaveLength(mine.actions.length);
  });

  it('tells who held it at any moment: a standing begins with its row’s and ends before the next', async () => {
    const rows = rowsOf(await done(officer.get(adminPath('history'))));
    const claimed = new Set(['RESERVED', 'HELD', 'LEASED', 'SUSPENDED']);
    const moments = rows.flatMap(({ at }) => [-1, 0, 1].map((ms) => millisecondsAfter(at, ms)));
    for (const moment of moments) {
      const last = rows.findLast(({ at }) => at <= moment);
      const { status, body } = await standingAt(moment);
      if (!last) {
        expect([status, body.code]).toEqual([404, 'UNKNOWN_IDENTIFIER']);
        continue;
      }
      const next = rows.find(({ at }) => at > moment);
      expect(body).toEqual({
        identifier: number,
        at: moment,
        state: last.to,
        since: last.at,
        ...(claimed.has(last.to) ? { tenantId: last.tenantId, leaseId: expect.any(String) } : {}),
        ...(next ? { until: next.at } : {}),
      });
    }
  });

  it('begins a lease with the moment that the tenant was told, and not before', async () => {
    expect((await standingAt(effectiveFrom)).body).toMatchObject({
      state: 'LEASED',
      tenantId: 'first',
      since: effectiveFrom,
    });
    const before = await standingAt(millisecondsAfter(effectiveFrom, -1));
    expect(before.body['state']).not.toBe('LEASED');
    // Finer than the ledger counts: within the same millisecond.
    const finer = await standingAt(effectiveFrom.replace('Z', '999Z'));
    expect(finer.body['state']).toBe('LEASED');
    const elsewhere = await standingAt(effectiveFrom.replace('Z', '+00:00'));
    expect(elsewhere.body['state']).toBe('LEASED');
  });

  it('answers a moment ahead as it stands now', async () => {
    const { status, body } = await standingAt('2999-01-01T00:00:00Z');
    expect([status, body['state']]).toEqual([200, 'RETIRED']);
    expect(body).not.toHaveProperty('until');
  });

  it.each([
    '',
    'yesterday',
    '2026-01-01',
    '2026-13-01T00:00:00Z',
    '1767225600',
    '2026-01-01T00:00',
  ])('takes %j for no moment', async (moment) => {
    const { status, body } = await standingAt(moment);
    expect([status, body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(body['errors']).toEqual([expect.objectContaining({ field: 'at' })]);
  });

  describe('the audit log', () => {
    const search = (query: string) => officer.get(`${ADMIN}/audit?${query}`);

    it('is found by number, actor, action and time, the first moment included, the last not', async () => {
      const of = `identifier=${encodeURIComponent(number)}`;
      const rows = rowsOf(await done(search(of)));
      expect(rows.map(({ version }) => version)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
      const recalled = rows.find(({ action }) => action === 'RECALL')?.at ?? '';
      const actionsOf = async (query: string) =>
        rowsOf(await done(search(`${of}&${query}`))).map(({ action }) => action);
      expect(await actionsOf('actor=user-second')).toEqual(['RELEASE', 'RESERVE']);
      expect(await actionsOf('action=QUARANTINE_OVERRIDE')).toEqual(['QUARANTINE_OVERRIDE']);
      expect(await actionsOf(`to=${recalled}`)).not.toContain('RECALL');
      expect(await actionsOf(`from=${recalled}`)).toContain('RECALL');
      const after = millisecondsAfter(recalled, 1);
      expect(await actionsOf(`from=${recalled}&to=${after}`)).toEqual(['QUARANTINE', 'RECALL']);
      expect(await actionsOf(`from=${after}&to=${recalled}`)).toEqual([]);
      expect(await actionsOf('actor=nobody')).toEqual([]);
    });

    it('comes in pages without a gap or a repeat, while it grows', async () => {
      const whole = rowsOf(await done(search('limit=200')));
      const paged: Row[] = [];
      let page = '';
      do {
        const body = await done(search(`limit=3${page && `&page=${page}`}`));
        paged.push(...rowsOf(body));
        page = String(body['nextPage'] ?? '');
        await done(door.admin.put(`${ADMIN}/tenants/growing`, { plan: 'business' }));
      } while (page !== '');
      expect(paged).toEqual(whole);
    });

    it.each([
      ['limit=0', 422, 'VALIDATION_FAILED'],
      ['limit=201', 422, 'VALIDATION_FAILED'],
      ['limit=ten', 422, 'VALIDATION_FAILED'],
      ['action=DANCE', 422, 'VALIDATION_FAILED'],
      ['from=yesterday', 422, 'VALIDATION_FAILED'],
      ['actor=', 422, 'VALIDATION_FAILED'],
      ['actor=a%00b', 422, 'VALIDATION_FAILED'],
      ['tenantId=acme', 422, 'VALIDATION_FAILED'],
      ['identifier=%2B1', 422, 'INVALID_IDENTIFIER'],
      ['page=nonsense', 400, 'INVALID_CURSOR'],
      ['page=WyIxIl0.AAAA', 400, 'INVALID_CURSOR'],
    ])('refuses ?%s: %d %s', async (query, status, code) => {
      const answer = await search(query);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    });

    it('refuses a cursor of another search', async () => {
      const { nextPage } = await done(search('limit=1'));
      const answer = await search(`limit=1&actor=admin-1&page=${String(nextPage)}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_CURSOR']);
    });
  });

  it('is for officers, and for the owner its own part alone', async () => {
    for (const path of [adminPath('history'), `${ADMIN}/audit`]) {
      expect((await door.admin.get(path)).status).toBe(200);
      expect((await officer.get(path)).status).toBe(200);
      expect((await first.get(path)).body.code).toBe('FORBIDDEN');
      expect((await door.as(undefined).get(path)).status).toBe(401);
    }
    const validator = door.as(await door.issuer.token({ scope: 'numbering:validate' }));
    expect((await validator.get(numberPath(number, 'history'))).body.code).toBe('FORBIDDEN');
  });
});
