import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@numbering/testing';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const BUILT = path.resolve(__dirname, '../../../dist/apps/reservation-worker/main.js');
/** Of a process, on a machine that has other things to do. */
const START_LIMIT_MS = 30_000;
const NUMBER = '+93791234567';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

describe('a job run once from the command line', () => {
  let world: World;

  beforeAll(async () => {
    if (!existsSync(BUILT))
      throw new Error('the worker is not built: npx nx build it, or npm test');
    world = await openWorld({ RESERVE_TTL: '1s' });
  });
  afterAll(() => world.close());

  const start = (args: string[], environment: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [BUILT, ...args], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: world.database.url,
        REDIS_URL: world.redis.url,
        BILLING_URL: 'http://127.0.0.1:1',
        ...environment,
      },
    });
    return { child, ended: ended(child) };
  };
  const run = (args: string[], environment?: Record<string, string>): Promise<Ended> =>
    start(args, environment).ended;
  const lockHolders = async (): Promise<number> => {
    const [row] = await world.source.query(
      `SELECT count(*)::int AS n FROM pg_locks
        WHERE locktype = 'advisory' AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return row.n;
  };

  it.each([
    'release-expired',
    'end-quarantine',
    'expire-leases',
    'renew-leases',
    'cascade',
    'maintain-partitions',
  ])('%s with nothing to do ends with 0 and one JSON line', async (job) => {
    const { code, stdout } = await run(['run', job]);
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);
    expect(JSON.parse(stdout)).toEqual({
      job,
      scanned: 0,
      changed: 0,
      failed: 0,
      durationMs: expect.any(Number),
    });
  });

  it('does what is due, once', async () => {
    await world.reserve(NUMBER);
    await world.source.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE identifier = $1`,
      [NUMBER],
    );
    const first = await run(['run', 'release-expired']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ scanned: 1, changed: 1, failed: 0 });
    expect(await world.stateOf(NUMBER)).toBe('AVAILABLE');
    const again = await run(['run', 'release-expired']);
    expect(JSON.parse(again.stdout)).toMatchObject({ scanned: 0, changed: 0 });
  });

  it('override-report tells the day before, once', async () => {
    const days = [];
    for (let runs = 0; runs < 2; runs++) {
      const { code, stdout } = await run(['run', 'override-report']);
      const { job, scanned, changed, failed } = JSON.parse(stdout);
      days.push([code, job, scanned, changed, failed]);
    }
    expect(days).toEqual([
      [0, 'override-report', 1, 1, 0],
      [0, 'override-report', 0, 0, 0],
    ]);
  });

  it.each([
    [['run', 'tidy-up'], /there is no job "tidy-up"/],
    [['run'], /one job is wanted/],
    [['run', 'end-quarantine', 'now'], /one job is wanted/],
    [['walk'], /one job is wanted/],
  ])('ends %j with 64 and says why', async (args, why) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(why);
    expect(stderr).toMatch(/usage: main\.js run release-expired/);
  });

  it('ends with 69 when Postgres is away, and does not need Redis', async () => {
    const noPostgres = await run(['run', 'end-quarantine'], {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    });
    expect([noPostgres.code, noPostgres.stdout]).toEqual([69, '']);
    const noRedis = await run(['run', 'end-quarantine'], { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(noRedis.code).toBe(0);
    expect(JSON.parse(noRedis.stdout)).toMatchObject({ job: 'end-quarantine' });
  });

  it('ends with 78 for an environment that is none, and tells every fault', async () => {
    const { code, stdout, stderr } = await run(['run', 'end-quarantine'], {
      DATABASE_URL: 'nonsense',
      RESERVE_TTL: 'soon',
    });
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr).toMatch(/DATABASE_URL/);
    expect(stderr).toMatch(/RESERVE_TTL/);
  });

  it('ends with 75 beside another run', async () => {
    const other = world.source.createQueryRunner();
    const key = `746352, hashtext('release-expired')`;
    await other.query(`SELECT pg_advisory_lock(${key})`);
    const second = await run(['run', 'release-expired']);
    expect([second.code, second.stdout]).toEqual([75, '']);
    await other.query(`SELECT pg_advisory_unlock(${key})`);
    await other.release();
  });

  it('ends with 143 after SIGTERM, nothing half done', async () => {
    await world.reserve('+93791234568');
    const blocker = world.source.createQueryRunner();
    await blocker.startTransaction();
    // The run takes its lock, and waits with its batch for this table.
    await blocker.query('LOCK TABLE numbering.leases IN ACCESS EXCLUSIVE MODE');
    const before = await lockHolders();
    const first = start(['run', 'release-expired']);
    await eventually(async () => expect(await lockHolders()).toBe(before + 1), {
      withinMs: START_LIMIT_MS,
    });
    first.child.kill('SIGTERM');
    await eventually(() => expect(first.child.killed).toBe(true));
    await blocker.commitTransaction();
    await blocker.release();
    expect((await first.ended).code).toBe(143);
    expect(await lockHolders()).toBe(before);
    const [row] = await world.source.query(
      `SELECT i.state = 'AVAILABLE' AS is_free, l.state = 'TTL_EXPIRED' AS is_ended
         FROM numbering.identifiers i JOIN numbering.leases l USING (identifier)
        WHERE identifier = '+93791234568'`,
    );
    expect(row.is_free).toBe(row.is_ended);
  });
});

function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
