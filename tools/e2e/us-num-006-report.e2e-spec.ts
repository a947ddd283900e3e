import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { mintToken, Suite, TopicTap, type RestCaller } from '@numbering/testing';

const run = promisify(execFile);
const REPORT = '/v1/admin/numbering/quarantine/overrides';
const DAILY = 'numbering.quarantine.override_report';
const DAY_MS = 86_400_000;

describe('US-NUM-006 quarantine is enforced, and every exception is reported', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let officer: RestCaller;

  beforeAll(async () => {
    await tap.open(suite.stack.services.kafka.brokers, [DAILY, 'numbering.identifier.released']);
    const scope = 'numbering:read numbering:compliance';
    officer = suite.caller(await mintToken({ sub: 'officer-1', scope }));
  });
  afterAll(async () => {
    await tap.close();
    await suite.close();
  });

  const recalledFrom = async (scope?: string) => {
    const tenant = await suite.tenant('business', scope);
    const [number = ''] = await suite.numbers();
    await suite.expect(201, tenant.api.on(number, 'reserve'));
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    await suite.expect(201, tenant.api.on(number, 'lease', terms));
    const ask = { reason: 'ABUSE', actorId: suite.adminSub, ticketId: 'T-6' };
    const { availableAt } = await suite.expect(200, suite.admin.on(number, 'recall', ask));
    return { tenant, number, availableAt };
  };
  /** A job by hand, as an operator runs it. */
  const job = async (name: string): Promise<Record<string, unknown>> => {
    const home = path.dirname(process.env.STACK_JSON ?? '');
    const { stdout } = await run(process.execPath, ['dist/tools/cli/main.js', 'job', name], {
      env: { ...process.env, NUMBERING_HOME: home },
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it('refuses everybody, by every way, until the cool-down ends; then whoever comes wins', async () => {
    const { number, availableAt } = await recalledFrom();
    const scope = 'numbering:read numbering:write numbering:lease:bypass';
    const other = await suite.tenant('business', scope);
    const terms = { tenantId: other.id, term: '30d', autoRenew: false };
    for (const refused of [
      await other.api.on(number, 'reserve'),
      await other.api.on(number, 'lease', terms),
    ]) {
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({ code: 'QUARANTINE_ACTIVE', availableAt });
    }
    const many = await other.api.post('/v1/numbers/reservations', { identifiers: [number] });
    expect(many.body.items).toMatchObject([{ status: 'refused', code: 'QUARANTINE_ACTIVE' }]);
    await suite.sql(
      `UPDATE numbering.identifiers SET available_at = clock_timestamp() WHERE identifier = $1`,
      [number],
    );
    await suite.expect(201, other.api.on(number, 'reserve'));
    expect((await tap.of(number, 1)).map(({ data }) => data.reason)).toEqual(['COOL_DOWN_ENDED']);
  });

  it('frees what nobody asks for, by the sweep, and tells of it once', async () => {
    const { number } = await recalledFrom();
    await suite.sql(
      `UPDATE numbering.identifiers SET available_at = clock_timestamp() WHERE identifier = $1`,
      [number],
    );
    const swept = await job('end-quarantine');
    expect(swept).toMatchObject({ job: 'end-quarantine', failed: 0 });
    expect(await job('end-quarantine')).toMatchObject({ changed: 0, failed: 0 });
    const [state] = await suite.sql(
      'SELECT state, version FROM numbering.identifiers WHERE identifier = $1',
      [number],
    );
    expect(state).toEqual({ state: 'AVAILABLE', version: 6 });
    expect((await tap.of(number, 1)).map(({ data }) => data.reason)).toEqual(['COOL_DOWN_ENDED']);
  });

  it('shows compliance the day’s overrides, and nobody else', async () => {
    const { tenant, number, availableAt } = await recalledFrom();
    const route = `/v1/admin/numbers/${encodeURIComponent(number)}/quarantine/release`;
    const justification = '=wrongly "recalled", see T-6';
    await suite.expect(200, officer.post(route, { justification }));
    const next = await suite.tenant();
    await suite.expect(201, next.api.on(number, 'reserve'));
    const [{ today } = { today: '' }] = await suite.sql<{ today: string }>(
      `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS today
         FROM numbering.quarantine_overrides WHERE identifier = $1`,
      [number],
    );
    const report = await suite.expect(200, officer.get(`${REPORT}?date=${today}`));
    const items = report.items as Record<string, unknown>[];
    expect(report).toMatchObject({ from: today, to: today, count: items.length });
    expect(report.days).toEqual([{ date: today, count: items.length }]);
    expect(items.find(({ identifier }) => identifier === number)).toEqual({
      at: expect.any(String),
      identifier: number,
      adminId: 'officer-1',
      justification,
      recallReason: 'ABUSE',
      ticketId: 'T-6',
      recalledTenantId: tenant.id,
      nextTenantId: next.id,
      availableAt,
    });
    const csv = await officer.get(`${REPORT}?from=${today}&to=${today}`, { accept: 'text/csv' });
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(String(csv.body.text)).toContain(
      `,${number},officer-1,"'=wrongly ""recalled"", see T-6",ABUSE,T-6,${tenant.id},${next.id},${availableAt}\r\n`,
    );
    const admin = await mintToken({ sub: 'admin-9', scope: 'numbering:admin' });
    for (const caller of [suite.caller(admin), tenant.api]) {
      expect((await caller.get(`${REPORT}?date=${today}`)).status).toBe(403);
    }
  });

  it('tells the day before’s number of overrides once, however often the job runs', async () => {
    const first = await job('override-report');
    const again = await job('override-report');
    expect(first).toMatchObject({ job: 'override-report', failed: 0 });
    expect(again).toMatchObject({ scanned: 0, changed: 0, failed: 0 });
    const [{ yesterday } = { yesterday: '' }] = await suite.sql<{ yesterday: string }>(
      `SELECT to_char((clock_timestamp() - interval '1 minute') AT TIME ZONE 'UTC' - interval '1 day',
                      'YYYY-MM-DD') AS yesterday`,
    );
    const [told] = await tap.of(yesterday, 1);
    expect(told).toMatchObject({ topic: DAILY, data: { date: yesterday } });
    const start = new Date(`${yesterday}T00:00:00Z`);
    const [{ n } = { n: -1 }] = await suite.sql<{ n: number }>(
      `SELECT count(*)::int AS n FROM numbering.quarantine_overrides WHERE at >= $1 AND at < $2`,
      [start, new Date(start.getTime() + DAY_MS)],
    );
    expect(told?.data.count).toBe(n);
    expect(await tap.of(yesterday, 1)).toHaveLength(1);
  });
});
