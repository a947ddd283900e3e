import { randomUUID } from 'node:crypto';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  eventually,
  freePort,
  RestCaller,
  runningStack,
  testDatabase,
  testRedis,
  type TestDatabase,
  type TestRedis,
} from '@numbering/testing';
import { Client } from 'pg';
import { AppProcess } from './app-process.fixture';
import { ADMIN, TestOperator, codeOf } from './block-import.fixture';

const ROWS = 20_000;
/** As import-turns.ts has it. */
const FILES_AT_ONCE = 10;

describe('US-NUM-001 an import whose process dies', () => {
  const stack = runningStack();
  let database: TestDatabase;
  let redis: TestRedis;
  let owner: Client;
  /** Sees what goes on while the owner's transaction is open, which sees it as it was. */
  let watcher: Client;
  let api: AppProcess;
  let admin: RestCaller;

  beforeAll(async () => {
    [database, redis] = await Promise.all([testDatabase(), testRedis()]);
    owner = new Client({ connectionString: database.url });
    watcher = new Client({ connectionString: database.url });
    await Promise.all([owner.connect(), watcher.connect()]);
    const settings = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      JWKS_URL: `${stack.services.identity.url}/.well-known/jwks.json`,
      JWT_ISSUER: 'http://numbering.local/identity',
      JWT_AUDIENCE: 'numbering',
      CURSOR_SECRET: randomUUID(),
    };
    api = new AppProcess('inventory-api', await freePort(), settings);
    await api.start();
    admin = new RestCaller(api.url, stack.tokens.admin);
  });
  afterAll(async () => {
    await api.kill();
    await Promise.all([owner.end(), watcher.end()]);
    await redis.stop();
    await database.drop();
  });

  const rows = async (text: string, parameters: unknown[] = []) =>
    (await watcher.query(text, parameters)).rows;

  /** What an import leaves, of one operator; temporary tables are anybody's. */
  const left = async ({ operatorId }: TestOperator) =>
    rows(
      `SELECT (SELECT count(*)::integer FROM numbering.identifiers WHERE operator_id = $1) AS numbers,
              (SELECT count(*)::integer FROM numbering.blocks WHERE operator_id = $1) AS blocks,
              (SELECT count(*)::integer FROM numbering.block_errors) AS errors,
              (SELECT count(*)::integer FROM numbering.outbox WHERE key = $1
                  AND topic LIKE 'numbering.block.%') AS events,
              (SELECT count(*)::integer FROM pg_class
                WHERE relname = 'import_rows' AND relpersistence = 't') AS staged`,
      [operatorId],
    );
  const NOTHING = [{ numbers: 0, blocks: 0, errors: 0, events: 0, staged: 0 }];

  const importsThat = (condition: string) =>
    rows(
      `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'inventory-api:imports'
          AND ${condition}`,
    );
  const isWaiting = () =>
    eventually(async () => expect(await importsThat(`wait_event_type = 'Lock'`)).toHaveLength(1), {
      withinMs: 20_000,
    });

  const points: [string, string][] = [
    ['has its signature verified', 'LOCK TABLE numbering.blocks IN ACCESS EXCLUSIVE MODE'],
    ['has staged its rows', 'LOCK TABLE numbering.blocks IN SHARE MODE'],
    ['has inserted its numbers', 'LOCK TABLE numbering.block_errors IN SHARE MODE'],
    ['is about to commit', 'LOCK TABLE numbering.audit_log IN SHARE MODE'],
  ];
  it.each(points)('when it %s: nothing is left, and it succeeds again', async (_when, stop) => {
    const operator = await TestOperator.create(admin);
    const file = Buffer.concat([operator.csv(ROWS), Buffer.from('bad\n')]);
    await owner.query('BEGIN');
    await owner.query(stop);
    const cut = operator.send(file).catch(() => 'cut');
    await isWaiting();
    await api.kill();
    expect(await cut).toBe('cut');
    await owner.query('ROLLBACK');
    await eventually(async () => expect(await importsThat('true')).toEqual([]));
    expect(await left(operator)).toEqual(NOTHING);
    await api.start();
    expect((await operator.send(file)).body).toMatchObject({ inserted: ROWS, invalid: 1 });
    expect(await left(operator)).toMatchObject([
      { numbers: ROWS, blocks: 1, events: 1, staged: 0 },
    ]);
    await owner.query('TRUNCATE numbering.block_errors');
  });

  it('in the middle of its rows: nothing is left, and it succeeds again', async () => {
    const operator = await TestOperator.create(admin);
    const file = operator.csv(100_000);
    const cut = operator.send(file).catch(() => 'cut');
    await eventually(async () => expect(await importsThat(`query LIKE 'COPY%'`)).toHaveLength(1), {
      everyMs: 1,
    });
    await api.kill();
    expect(await cut).toBe('cut');
    await eventually(async () => expect(await importsThat('true')).toEqual([]));
    expect(await left(operator)).toEqual(NOTHING);
    await api.start();
    expect((await operator.send(file)).body).toMatchObject({ inserted: 100_000 });
  });

  it.each([
    ['while it publishes', 'LOCK TABLE numbering.block_errors IN SHARE MODE', 'INSERT', ROWS],
    // So many that it is seen at it.
    ['while it stages', '', 'COPY', 100_000],
  ])('is told 503 where Postgres ends its connection %s', async (_when, stop, statement, rows) => {
    const operator = await TestOperator.create(admin);
    const file = Buffer.concat([operator.csv(rows), Buffer.from('bad\n')]);
    await owner.query('BEGIN');
    await owner.query(stop);
    const importing = operator.send(file);
    const pid = await eventually(
      async () => {
        const [found] = await importsThat(`state = 'active' AND query LIKE '${statement}%'`);
        if (!found) throw new Error(`no ${statement}`);
        return found.pid as number;
      },
      { everyMs: 1 },
    );
    await owner.query('SELECT pg_terminate_backend($1)', [pid]);
    await owner.query('ROLLBACK');
    expect(codeOf(await importing)).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
    await eventually(async () => expect(await left(operator)).toEqual(NOTHING));
    expect((await operator.send(file)).body).toMatchObject({ inserted: rows, invalid: 1 });
    await owner.query('TRUNCATE numbering.block_errors');
  });

  it('takes nothing under a key that is revoked while it stages', async () => {
    const operator = await TestOperator.create(admin);
    await owner.query('BEGIN');
    await owner.query('LOCK TABLE numbering.blocks IN ACCESS EXCLUSIVE MODE');
    const importing = operator.send(operator.csv(10));
    await isWaiting();
    const { keyId } = operator.key;
    expect((await admin.post(`${ADMIN}/signing-keys/${keyId}/revoke`)).status).toBe(200);
    await owner.query('ROLLBACK');
    expect(codeOf(await importing)).toEqual([422, 'SIGNATURE_INVALID']);
    expect(await left(operator)).toEqual([{ ...NOTHING[0], events: 1 }]);
  });

  /** A file that does not come to its end. */
  function slowUpload(): { upload: ClientRequest; answered: Promise<IncomingMessage> } {
    const upload = request(`${api.url}${ADMIN}/blocks/import`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stack.tokens.admin}`,
        'content-type': 'multipart/form-data; boundary=b',
      },
    });
    upload.on('error', () => undefined);
    upload.write('--b\r\nContent-Disposition: form-data; name="csvFile"; filename="f"\r\n\r\nx');
    return { upload, answered: new Promise((resolve) => upload.on('response', resolve)) };
  }

  it('lets in as many files at once as it has room for, and more when they have gone', async () => {
    const operator = await TestOperator.create(admin);
    const slow = Array.from({ length: FILES_AT_ONCE + 1 }, slowUpload);
    const busy = await Promise.race(slow.map(({ answered }) => answered));
    expect(busy.statusCode).toBe(503);
    expect(Number(busy.headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(await text(busy))).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    for (const { upload } of slow) upload.destroy();
    await eventually(async () => expect((await operator.send(operator.csv(1))).status).toBe(201));
  });
});
