import { createHash } from 'node:crypto';
import { numberPath, openDoor, type Calls, type Door } from './testing/door';

const REPORT = '/v1/admin/numbering/quarantine/overrides';
const DAY_MS = 86_400_000;
const COLUMNS =
  'at,identifier,adminId,justification,recallReason,ticketId,recalledTenantId,nextTenantId,availableAt';

describe('US-NUM-006 the override report', () => {
  let door: Door;
  let officer: Calls;
  let today: string;

  beforeAll(async () => {
    door = await openDoor();
    const scope = 'numbering:compliance';
    officer = door.as(await door.issuer.token({ sub: 'officer-2', scope }));
    [{ today }] = (await door.sql<{ today: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS today`,
    )) as [{ today: string }];
  });
  afterAll(() => door.close());

  const csv = { headers: { accept: 'text/csv' } };
  const dayAfter = (day: string, days: number) =>
    new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

  /** A number recalled from `tenant` and released by an officer; claimed by `next` where there is one. */
  async function overridden(tenant: string, justification: string, next?: string) {
    const [number = ''] = await door.numbers(1);
    const owner = await door.tenant(tenant);
    expect((await owner.post(numberPath(number, 'reserve'))).status).toBe(201);
    const terms = { tenantId: tenant, term: '30d', autoRenew: false };
    expect((await owner.post(numberPath(number, 'lease'), terms)).status).toBe(201);
    const ask = { reason: 'ABUSE', actorId: 'admin-1', ticketId: 'T-7' };
    const recalled = await door.admin.post(numberPath(number, 'recall'), ask);
    const route = `/v1/admin/numbers/${encodeURIComponent(number)}/quarantine/release`;
    expect((await officer.post(route, { justification })).status).toBe(200);
    if (next !== undefined) {
      expect((await (await door.tenant(next)).post(numberPath(number, 'reserve'))).status).toBe(
        201,
      );
    }
    const item = {
      identifier: number,
      adminId: 'officer-2',
      justification,
      recallReason: 'ABUSE',
      ticketId: 'T-7',
      recalledTenantId: tenant,
      nextTenantId: next ?? null,
      availableAt: recalled.body['availableAt'],
    };
    return { number, item };
  }

  it('lists who released what and why, who had it and who has it next, in JSON and in CSV', async () => {
    const one = await overridden('before', 'recalled, by "mistake"', 'after');
    const two = await overridden('before', '=HYPERLINK("http://evil.example")');
    const { status, body, headers } = await officer.get(`${REPORT}?date=${today}`);
    expect(status).toBe(200);
    expect(headers.get('vary')).toBe('Accept');
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(body).toEqual({
      from: today,
      to: today,
      count: 2,
      days: [{ date: today, count: 2 }],
      items: [
        { at, ...one.item },
        { at, ...two.item },
      ],
    });
    const asCsv = await officer.get(`${REPORT}?from=${today}&to=${today}`, csv);
    expect(asCsv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(asCsv.headers.get('content-disposition')).toContain(`${today}-${today}.csv`);
    const digest = createHash('sha256').update(asCsv.text).digest('base64');
    expect(asCsv.headers.get('content-digest')).toBe(`sha-256=:${digest}:`);
    const [first, second] = body.items ?? [];
    expect(asCsv.text.split('\r\n')).toEqual([
      COLUMNS,
      `${first?.['at']},${one.number},officer-2,"recalled, by ""mistake""",ABUSE,T-7,before,after,${first?.['availableAt']}`,
      `${second?.['at']},${two.number},officer-2,"'=HYPERLINK(""http://evil.example"")",ABUSE,T-7,before,,${second?.['availableAt']}`,
      '',
    ]);
  });

  it('takes whole days, both ends included, and tells of days without any', async () => {
    const yesterday = dayAfter(today, -1);
    const { number } = await overridden('edges', 'moved to an edge of a day');
    const put = (at: string) =>
      door.sql('UPDATE numbering.quarantine_overrides SET at = $2 WHERE identifier = $1', [
        number,
        at,
      ]);
    const daysOf = async (query: string) => (await officer.get(`${REPORT}?${query}`)).body['days'];
    await put(`${yesterday}T00:00:00.000Z`);
    const before = dayAfter(today, -2);
    expect(await daysOf(`from=${before}&to=${yesterday}`)).toEqual([
      { date: before, count: 0 },
      { date: yesterday, count: 1 },
    ]);
    await put(`${yesterday}T23:59:59.999Z`);
    expect(await daysOf(`date=${yesterday}`)).toEqual([{ date: yesterday, count: 1 }]);
    expect(await daysOf(`from=${yesterday}T12:00:00Z&to=${yesterday}T13:00:00Z`)).toEqual([
      { date: yesterday, count: 1 },
    ]);
    const empty = await officer.get(`${REPORT}?date=2020-02-29`, csv);
    expect([empty.status, empty.text]).toEqual([200, `${COLUMNS}\r\n`]);
  });

  it.each([
    ['', 'date', 'REQUIRED'],
    ['from=2026-01-01', 'to', 'REQUIRED'],
    ['to=2026-01-01', 'from', 'REQUIRED'],
    ['date=2026-01-01&from=2026-01-01&to=2026-01-02', 'date', 'ONE_OF'],
    ['date=2026-01-01&to=2026-01-02', 'date', 'ONE_OF'],
    ['date=yesterday', 'date', 'IS_DAY'],
    ['date=', 'date', 'IS_DAY'],
    ['date=2026-02-30', 'date', 'IS_DAY'],
    ['date=2026-13-01', 'date', 'IS_DAY'],
    ['date=26-01-01', 'date', 'IS_DAY'],
    ['date=0026-01-01', 'date', 'IS_DAY'],
    ['date=2026-01-01&date=2026-01-02', 'date', 'IS_DAY'],
    ['date=1767225600000', 'date', 'IS_DAY'],
    ["date=2026-01-01'%20OR%201=1", 'date', 'IS_DAY'],
    ['from=2026-01-02&to=2026-01-01', 'to', 'BEFORE_FROM'],
    ['from=2020-01-01&to=2026-01-01', 'to', 'RANGE_TOO_LONG'],
    ['date=2026-01-01&tenantId=acme', 'tenantId', 'UNKNOWN_MEMBER'],
  ])('refuses ?%s: %s %s', async (query, field, code) => {
    const { status, body } = await officer.get(`${REPORT}?${query}`);
    expect([status, body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(body['errors']).toEqual([expect.objectContaining({ field, code })]);
  });

  it('is for compliance alone', async () => {
    const scopes = [
      'numbering:admin',
      'numbering:read numbering:write numbering:tenants:any',
      'numbering:validate',
    ];
    for (const scope of scopes) {
      const caller = door.as(await door.issuer.token({ sub: 'somebody', scope }));
      const { status, body } = await caller.get(`${REPORT}?date=${today}`, csv);
      expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await door.as(undefined).get(REPORT)).status).toBe(401);
  });
});
