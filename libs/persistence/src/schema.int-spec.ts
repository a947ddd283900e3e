import { Client } from 'pg';
import { testDatabase, type TestDatabase } from '@numbering/testing';
import { appDataSource } from './data-source';

describe('the schema', () => {
  let database: TestDatabase;
  let owner: Client;
  const open = () =>
    appDataSource({
      databaseUrl: database.url,
      app: 'test',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
    }).initialize();

  beforeAll(async () => {
    database = await testDatabase();
    owner = new Client({ connectionString: database.url });
    await owner.connect();
    await owner.query(`
      INSERT INTO numbering.audit_log (at, actor, action) VALUES (clock_timestamp(), 'test', 'IMPORT')`);
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  it('lets apps in as numbering_app', async () => {
    const app = await open();
    const [row] = await app.query('SELECT current_user AS role, current_setting($1) AS zone', [
      'timezone',
    ]);
    expect(row).toEqual({ role: 'numbering_app', zone: 'UTC' });
    await app.destroy();
  });

  it.each([
    ['UPDATE', `UPDATE numbering.audit_log SET actor = 'x'`],
    ['DELETE', 'DELETE FROM numbering.audit_log'],
    ['TRUNCATE', 'TRUNCATE numbering.audit_log'],
  ])('refuses %s of the audit log to the apps and to the owner', async (_verb, statement) => {
    const app = await open();
    await expect(app.query(statement)).rejects.toThrow(/permission denied/);
    await app.destroy();
    await expect(owner.query(statement)).rejects.toThrow(/append-only/);
    const { rows } = await owner.query('SELECT count(*)::int AS n FROM numbering.audit_log');
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('refuses the apps the schema and the partitions of the audit log', async () => {
    const app = await open();
    const { rows } = await owner.query(`
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'numbering.audit_log'::regclass`);
    expect(rows.length).toBeGreaterThan(3);
    for (const { relname } of rows) {
      await expect(app.query(`DELETE FROM numbering.${relname}`)).rejects.toThrow(/permission/);
    }
    await expect(app.query('DROP TABLE numbering.leases')).rejects.toThrow(/must be owner/);
    await expect(app.query('ALTER TABLE numbering.audit_log DISABLE TRIGGER ALL')).rejects.toThrow(
      /must be owner/,
    );
    await app.destroy();
  });

  it('makes partitions ahead once, as the apps may ask for', async () => {
    const app = await open();
    const [again] = await app.query('SELECT * FROM numbering.maintain_partitions()');
    expect(again).toEqual({ made: 0, dropped: 0 });
    await app.destroy();
  });
});
