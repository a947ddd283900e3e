import { spawn } from 'node:child_process';
import path from 'node:path';
import { isRefusal, parseIdentifier, parseTerm } from '@numbering/domain';
import { isRefused, LeaseNumber } from '@numbering/lifecycle';
import { eventually, testBilling, type TestBilling } from '@numbering/testing';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const BUILT = path.resolve(__dirname, '../../../dist/apps/reservation-worker/main.js');

describe('the renewal run of a worker', () => {
  let world: World;
  let billing: TestBilling;
  let next = 1;

  beforeAll(async () => {
    billing = await testBilling();
    world = await openWorld({ BILLING_URL: billing.url });
  });
  afterAll(async () => {
    await world.close();
    await billing.stop();
  });

  /** A lease that ends in two days. */
  const leased = async (): Promise<{ leaseId: string; tenantId: string }> => {
    const identifier = `+9379${String(next++).padStart(7, '0')}`;
    const { leaseId } = await world.reserve(identifier);
    const [{ tenant_id: tenantId }] = await world.source.query(
      'SELECT tenant_id FROM numbering.leases WHERE lease_id = $1',
      [leaseId],
    );
    const [number, term] = [parseIdentifier(identifier), parseTerm('30d', false)];
    if (isRefusal(number) || isRefusal(term)) throw new Error('a test that cannot write');
    const caller = { sub: 'user-1', tenantId, scopes: new Set(['numbering:write']) };
    const ask = { tenantId, term, autoRenew: true, vanity: false };
    const outcome = await world.lifecycle.get(LeaseNumber).run({ caller }, number, ask);
    if (isRefused(outcome)) throw new Error(outcome.refusal.detail);
    await world.source.query(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() + interval '2 days'
        WHERE lease_id = $1`,
      [leaseId],
    );
    return { leaseId, tenantId };
  };
  const renewalsOf = async ({ leaseId }: { leaseId: string }): Promise<number> => {
    const [row] = await world.source.query(
      `SELECT count(*)::int AS n FROM numbering.audit_log WHERE lease_id = $1 AND action = 'RENEW'`,
      [leaseId],
    );
    return row.n;
  };
  const start = (environment: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [BUILT, 'run', 'renew-leases'], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: world.database.url,
        REDIS_URL: world.redis.url,
        BILLING_URL: billing.url,
        LOG_LEVEL: 'error',
        ...environment,
      },
    });
    const told = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (told.out += chunk));
    child.stderr.on('data', (chunk) => (told.err += chunk));
    const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      child.once('close', (code) => resolve({ code, ...told }));
    });
    return { child, ended };
  };
  const askedAbout = async ({ tenantId }: { tenantId: string }) =>
    (await billing.calls(tenantId)).map(({ idempotencyKey }) => idempotencyKey);

  it('ends with 1 where billing is away, and names whom it concerns; with 0 once it has renewed', async () => {
    const lease = await leased();
    const away = await start({ BILLING_URL: 'http://127.0.0.1:1' }).ended;
    expect(away.code).toBe(1);
    expect(JSON.parse(away.out)).toMatchObject({ scanned: 1, changed: 0, failed: 1 });
    const logged = away.err.split('\n').filter((line) => line.includes('BILLING_UNAVAILABLE'));
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'error', leaseId: lease.leaseId, tenantId: lease.tenantId },
    ]);
    const done = await start().ended;
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toMatchObject({ scanned: 1, changed: 1, failed: 0 });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)(
    'ended by %s in the middle of a question, asks again under its key',
    async (signal, code) => {
      const lease = await leased();
      await billing.tell('timeout', lease.tenantId);
      const { child, ended } = start();
      await eventually(async () => expect(await askedAbout(lease)).toHaveLength(1), {
        withinMs: 20_000,
      });
      child.kill(signal);
      expect((await ended).code).toBe(code);
      await billing.tell('approve', lease.tenantId);
      expect((await start().ended).code).toBe(0);
      expect(await renewalsOf(lease)).toBe(1);
      expect(new Set(await askedAbout(lease)).size).toBe(1);
    },
  );

  it('is made up for by a worker that was down at its time, once', async () => {
    const lease = await leased();
    await world.source.query(
      `UPDATE numbering.job_runs SET began_at = began_at - interval '2 days'`,
    );
    const first = await world.startWorker();
    await eventually(async () => expect(await renewalsOf(lease)).toBe(1), { withinMs: 20_000 });
    await first.close();
    const late = await leased();
    const remembered = await world.source.query(
      `SELECT * FROM numbering.job_runs WHERE job = 'renew-leases'`,
    );
    expect(remembered).toMatchObject([{ job: 'renew-leases' }]);
    const second = await world.startWorker();
    await second.close();
    expect(await renewalsOf(late)).toBe(0);
  });
});
