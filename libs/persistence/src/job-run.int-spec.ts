import { testDatabase, type TestDatabase } from '@numbering/testing';
import { DataSource } from 'typeorm';
import { appDataSource } from './data-source';
import { JobRunStore } from './job-run.store';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a daily run', () => {
  let database: TestDatabase;
  let source: DataSource;
  const runs = new JobRunStore();

  beforeAll(async () => {
    database = await testDatabase();
    source = await appDataSource({
      databaseUrl: database.url,
      app: 'test',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
    }).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it('is owed where it never ran', async () => {
    expect(await runs.isOwed(source.manager, 'never', { hour: 2, minute: 0 })).toBe(true);
  });

  it.each([
    ['an hour before it was last due', -1, true],
    ['an hour after it was last due', 1, false],
    ['a day before', -25, true],
  ])('that began %s', async (when, hours, isOwed) => {
    const now = Date.now();
    const at = { hour: new Date(now - 3 * HOUR_MS).getUTCHours(), minute: 0 };
    const today = Math.floor(now / DAY_MS) * DAY_MS + at.hour * HOUR_MS;
    const lastDue = today <= now ? today : today - DAY_MS;
    await runs.ran(source.manager, when, new Date(lastDue + hours * HOUR_MS));
    expect(await runs.isOwed(source.manager, when, at)).toBe(isOwed);
  });

  it('remembers the latest', async () => {
    await runs.ran(source.manager, 'twice', new Date());
    await runs.ran(source.manager, 'twice', new Date(0));
    expect(await runs.isOwed(source.manager, 'twice', { hour: 0, minute: 0 })).toBe(false);
  });
});
