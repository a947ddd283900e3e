import { Test } from '@nestjs/testing';
import { fastifyAdapter, loadConfig } from '@numbering/platform';
import { eventually, testDatabase, type TestDatabase } from '@numbering/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { AppModule } from './app.module';

jest.setTimeout(60_000);

describe('the pool monitor', () => {
  let database: TestDatabase;
  let owner: Client;
  const apps: NestFastifyApplication[] = [];

  const boot = async (
    databaseUrl: string,
    settings: Record<string, string> = {},
  ): Promise<NestFastifyApplication> => {
    const config = loadConfig(
      {
        DATABASE_URL: databaseUrl,
        REDIS_URL: 'redis://127.0.0.1:1',
        CAPACITY_EVERY: '1s',
        LOG_LEVEL: 'silent',
        ...settings,
      },
      'pool-monitor',
    );
    const module = await Test.createTestingModule({
      imports: [AppModule.forRoot(config)],
    }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(fastifyAdapter());
    apps.push(app);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return app;
  };
  const get = async (app: NestFastifyApplication, url: string) => {
    const { statusCode, body } = await app.inject({ method: 'GET', url });
    return { statusCode, body };
  };

  beforeAll(async () => {
    database = await testDatabase();
    owner = new Client({ connectionString: database.url });
    await owner.connect();
  });
  afterAll(async () => {
    for (const app of apps) await app.close();
    await owner.end();
    await database.drop();
  });

  const labels = 'operator_id="ROSHAN",block_prefix="+9379",identifier_class="MSISDN"';
  const shows = (app: NestFastifyApplication, gauge: string, value: number): Promise<void> =>
    eventually(async () => {
      const { body } = await get(app, '/metrics');
      expect(body).toContain(`${gauge}{${labels}} ${value}\n`);
    });
  /** A block of reserved numbers, of which so many are available. */
  const register = async (first: number, last: number, available: number): Promise<void> => {
    const blockId = randomUUID();
    await owner.query('BEGIN');
    await owner.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
              inserted, duplicates, invalid, imported_at, imported_by)
       VALUES ($1, 'ROSHAN', '+9379', 'MSISDN', 'REGISTRATION', 3, 0, 0, clock_timestamp(), 'test')`,
      [blockId],
    );
    await owner.query(
      `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
              state, changed_at, originating_block_id)
       SELECT '+93790000' || lpad(i::text, 3, '0'), 'MSISDN', 'ROSHAN', '+9379',
              CASE WHEN i < $2 + $4 THEN 'AVAILABLE' ELSE 'RESERVED' END, clock_timestamp(), $1
         FROM generate_series($2::int, $3::int) AS i`,
      [blockId, first, last, available],
    );
    await owner.query('COMMIT');
  };

  it('shows what is left of each pool, and follows it', async () => {
    await register(1, 3, 3);
    const app = await boot(database.url);
    await shows(app, 'numbering_block_capacity_remaining', 3);
    await owner.query(
      `UPDATE numbering.identifiers SET state = 'RESERVED' WHERE identifier <> '+93790000001'`,
    );
    await shows(app, 'numbering_block_capacity_remaining', 1);
    await shows(app, 'numbering_block_capacity_remaining_percent', 33.33);
    await shows(app, 'numbering_block_severity', 0);
    const { body } = await get(app, '/metrics');
    expect(Number(/^numbering_block_capacity_age_seconds (.*)$/m.exec(body)?.[1])).toBeLessThan(60);
    expect((await get(app, '/health/ready')).statusCode).toBe(200);
    await app.close();
  });

  it('shows with a second one the same, of one measurement, and alerts once', async () => {
    const rare = { CAPACITY_EVERY: '24h' };
    const both = [await boot(database.url, rare), await boot(database.url, rare)];
    // No period comes: a new block alone has the pools measured. Exactly 5 % is not below.
    await register(4, 100, 4);
    for (const app of both) {
      await shows(app, 'numbering_block_capacity_remaining', 5);
      await shows(app, 'numbering_block_severity', 0);
    }
    await register(101, 101, 0);
    for (const app of both) {
      await shows(app, 'numbering_block_capacity_remaining_percent', 4.95);
      await shows(app, 'numbering_block_severity', 1);
    }
    const { rows } = await owner.query(
      `SELECT payload #>> '{data,severity}' AS severity FROM numbering.outbox
        WHERE topic = 'numbering.pool.exhausted'`,
    );
    expect(rows).toEqual([{ severity: 'WARNING' }]);
  });

  it('lives, and is not ready, while Postgres is away', async () => {
    const app = await boot('postgres://nobody@127.0.0.1:1/none');
    expect((await get(app, '/health/live')).statusCode).toBe(200);
    const { statusCode, body } = await get(app, '/health/ready');
    expect(statusCode).toBe(503);
    expect(JSON.parse(body).error).toMatchObject({ postgres: { status: 'down' } });
  });
});
