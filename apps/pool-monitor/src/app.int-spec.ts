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

  const boot = async (databaseUrl: string): Promise<NestFastifyApplication> => {
    const config = loadConfig(
      {
        DATABASE_URL: databaseUrl,
        REDIS_URL: 'redis://127.0.0.1:1',
        CAPACITY_EVERY: '1s',
        LOG_LEVEL: 'silent',
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

  it('shows what is left of each pool, and follows it', async () => {
    const blockId = randomUUID();
    await owner.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
              inserted, duplicates, invalid, imported_at, imported_by)
       VALUES ($1, 'ROSHAN', '+9379', 'MSISDN', 'REGISTRATION', 3, 0, 0, clock_timestamp(), 'test')`,
      [blockId],
    );
    await owner.query(
      `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
              changed_at, originating_block_id)
       SELECT '+9379000000' || i, 'MSISDN', 'ROSHAN', '+9379', clock_timestamp(), $1
         FROM generate_series(1, 3) AS i`,
      [blockId],
    );
    const app = await boot(database.url);
    const labels = 'operator_id="ROSHAN",block_prefix="+9379",identifier_class="MSISDN"';
    const shows = (remaining: number): Promise<void> =>
      eventually(async () => {
        const { body } = await get(app, '/metrics');
        expect(body).toContain(`numbering_block_capacity_remaining{${labels}} ${remaining}`);
      });
    await shows(3);
    await owner.query(
      `UPDATE numbering.identifiers SET state = 'RESERVED' WHERE identifier = '+93790000001'`,
    );
    await shows(2);
    expect((await get(app, '/health/ready')).statusCode).toBe(200);
  });

  it('lives, and is not ready, while Postgres is away', async () => {
    const app = await boot('postgres://nobody@127.0.0.1:1/none');
    expect((await get(app, '/health/live')).statusCode).toBe(200);
    const { statusCode, body } = await get(app, '/health/ready');
    expect(statusCode).toBe(503);
    expect(JSON.parse(body).error).toMatchObject({ postgres: { status: 'down' } });
  });
});
