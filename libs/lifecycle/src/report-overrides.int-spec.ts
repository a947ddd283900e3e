import { DAY_MS, utcDay } from '@numbering/domain';
import { Client } from 'pg';
import { leaseMany } from '@numbering/testing';
import { OverrideQuarantine } from './override-quarantine';
import { ReportOverrides } from './report-overrides';
import { adminCaller, answerOf, as, openLedger, parsed, type Ledger } from './testing';
import { RecallNumber } from './recall-number';

describe('US-NUM-006 the daily override report', () => {
  let ledger: Ledger;
  /** The apps' own role changes no override. */
  let owner: Client;
  let now: Date;
  beforeEach(async () => {
    ledger = await openLedger();
    owner = new Client({ connectionString: ledger.database.url });
    await owner.connect();
    [{ now }] = await rows('SELECT clock_timestamp() AS now');
  });
  afterEach(async () => {
    await owner.end();
    await ledger.close();
  });

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const run = () => ledger.module.get(ReportOverrides).run();
  /** So many days ago; a run at midnight counts the same days as the report does. */
  const day = (ago: number) => utcDay(new Date(now.getTime() - 60_000 - ago * DAY_MS));
  const told = async () =>
    (
      await rows(
        `SELECT key, payload -> 'data' AS data FROM numbering.outbox
          WHERE topic = 'numbering.quarantine.override_report' ORDER BY id`,
      )
    ).map(({ key, data }: { key: string; data: object }) => [key, data]);
  const overrideOne = async (at: Date) => {
    const [number = ''] = await ledger.numbers(1);
    await leaseMany(rows, 'mine', [number]);
    const ask = { reason: 'NON_PAYMENT', actorId: 'admin-1' } as const;
    const { module } = ledger;
    answerOf(await module.get(RecallNumber).run(as(adminCaller()), parsed(number), ask));
    const officer = as(adminCaller('officer-2'));
    answerOf(await module.get(OverrideQuarantine).run(officer, parsed(number), 'paid after all'));
    await owner.query('UPDATE numbering.quarantine_overrides SET at = $2 WHERE identifier = $1', [
      number,
      at,
    ]);
  };

  it('tells the day before, from its first moment to its last, and once', async () => {
    const first = new Date(`${day(1)}T00:00:00.000Z`);
    await overrideOne(new Date(first.getTime() - 1));
    await overrideOne(first);
    await overrideOne(new Date(first.getTime() + DAY_MS - 1));
    await overrideOne(new Date(first.getTime() + DAY_MS));
    expect(await run()).toMatchObject({ scanned: 1, changed: 1, failed: 0 });
    expect(await run()).toMatchObject({ scanned: 0, changed: 0, failed: 0 });
    expect(await told()).toEqual([[day(1), { date: day(1), count: 2 }]]);
  });

  it('tells of a day without any, and once where two runs meet', async () => {
    const done = await Promise.all([run(), run(), run()]);
    expect(done.reduce((sum, { changed }) => sum + changed, 0)).toBe(1);
    expect(await told()).toEqual([[day(1), { date: day(1), count: 0 }]]);
  });

  it('catches up with the days that nobody told of', async () => {
    await rows(`INSERT INTO numbering.override_reports (report_date, overrides) VALUES ($1, 0)`, [
      day(4),
    ]);
    await overrideOne(new Date(`${day(2)}T12:00:00.000Z`));
    expect(await run()).toMatchObject({ scanned: 3, changed: 3, failed: 0 });
    expect(await told()).toEqual([
      [day(3), { date: day(3), count: 0 }],
      [day(2), { date: day(2), count: 1 }],
      [day(1), { date: day(1), count: 0 }],
    ]);
  });
});
