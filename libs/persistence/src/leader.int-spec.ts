import { eventually, testDatabase, type TestDatabase } from '@numbering/testing';
import type { DataSource } from 'typeorm';
import { appDataSource } from './data-source';
import { InboxStore } from './inbox.store';
import { underJobLock } from './job-lock';
import { LeaderStore } from './leader.store';

jest.setTimeout(60_000);

const LONG_TERM_MS = 60_000;
const SHORT_TERM_MS = 50;

describe('what one process at a time may do', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
    source = await appDataSource({
      databaseUrl: database.url,
      app: 'test',
      poolSize: 10,
      queryTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
    }).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const leaders = new LeaderStore();
  const take = (role: string, holder: string, termMs = LONG_TERM_MS): Promise<boolean> =>
    leaders.takeOrRenew(source.manager, { role, holder }, termMs);

  it('gives a role to one of many who ask at once', async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, (_, i) => take('one', `h${i}`)));
    expect(asked.filter(Boolean)).toHaveLength(1);
  });

  it('lets the holder renew, and another one in only after the deadline or a release', async () => {
    expect(await take('turns', 'a', SHORT_TERM_MS)).toBe(true);
    expect(await take('turns', 'a')).toBe(true);
    expect(await take('turns', 'b')).toBe(false);
    await leaders.release(source.manager, { role: 'turns', holder: 'b' });
    expect(await take('turns', 'b')).toBe(false);
    await leaders.release(source.manager, { role: 'turns', holder: 'a' });
    expect(await take('turns', 'b', SHORT_TERM_MS)).toBe(true);
    await eventually(async () => expect(await take('turns', 'c')).toBe(true));
    expect(await take('turns', 'b')).toBe(false);
  });

  it('knows a repeat of an event, also of two deliveries at once', async () => {
    const inbox = new InboxStore();
    const event = { topic: 'billing.plan.changed', id: 'event-1' };
    const remember = (): Promise<boolean> =>
      source.transaction((manager) => inbox.remember(manager, event));
    const first = await Promise.all(Array.from({ length: 8 }, remember));
    expect(first.filter(Boolean)).toHaveLength(1);
    expect(await remember()).toBe(false);
    const elsewhere = { topic: 'compliance.tenant.suspended', id: 'event-1' };
    expect(await source.transaction((manager) => inbox.remember(manager, elsewhere))).toBe(true);
  });

  it('forgets an event whose transaction failed', async () => {
    const inbox = new InboxStore();
    const event = { topic: 'billing.plan.changed', id: 'event-2' };
    const failing = source.transaction(async (manager) => {
      await inbox.remember(manager, event);
      throw new Error('the store failed');
    });
    await expect(failing).rejects.toThrow('the store failed');
    expect(await source.transaction((manager) => inbox.remember(manager, event))).toBe(true);
  });

  it('runs a job once at a time, and another job beside it', async () => {
    const run = await underJobLock(source, 'sweep', async () => {
      expect(await underJobLock(source, 'sweep', async () => 'twice')).toBeUndefined();
      return underJobLock(source, 'other', async () => 'beside');
    });
    expect(run).toEqual({ result: { result: 'beside' } });
    expect(await underJobLock(source, 'sweep', async () => 'again')).toEqual({ result: 'again' });
  });
});
