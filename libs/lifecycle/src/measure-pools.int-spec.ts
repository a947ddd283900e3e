import { DAY_MS } from '@numbering/domain';
import { CapacityStore, type KnownPool } from '@numbering/persistence';
import { eventually, leaseMany } from '@numbering/testing';
import { Client } from 'pg';
import { MeasurePools } from './measure-pools';
import { RetireNumber } from './retire-number';
import { SnapshotCapacity } from './snapshot-capacity';
import { adminCaller, answerOf, as, openLedger, parsed, type Ledger } from './testing';

const PERIOD_THAT_NEVER_COMES = { CAPACITY_EVERY: '24h' };

describe('US-NUM-013 the pools, measured', () => {
  let ledger: Ledger;
  let owner: Client;
  beforeEach(async () => {
    ledger = await openLedger(PERIOD_THAT_NEVER_COMES);
    owner = new Client({ connectionString: ledger.database.url });
    await owner.connect();
  });
  afterEach(async () => {
    await owner.end();
    await ledger.close();
  });

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const measure = () => ledger.module.get(MeasurePools).runNow(async () => undefined);
  const pools = () => ledger.module.get(CapacityStore).pools(ledger.source.manager);
  const onlyPool = async (): Promise<KnownPool> => {
    const [pool, ...others] = await pools();
    if (!pool || others.length > 0) throw new Error('one pool is wanted');
    return pool;
  };
  const told = async (): Promise<unknown[]> =>
    (
      await rows(
        `SELECT topic, key, payload -> 'data' AS data FROM numbering.outbox
          WHERE topic LIKE 'numbering.pool.%' ORDER BY id`,
      )
    ).map(({ topic, key, data }: { topic: string; key: string; data: Record<string, unknown> }) => {
      expect(key).toBe(data.operatorId);
      const { remaining, severity, clearedSeverity } = data;
      const name = topic.replace('numbering.pool.', '');
      return clearedSeverity === undefined
        ? [name, remaining, severity]
        : [name, remaining, severity, clearedSeverity];
    });
  /** So many of these numbers are left. */
  const leave = async (numbers: readonly string[], left: number) =>
    owner.query(
      `UPDATE numbering.identifiers
          SET state = CASE WHEN identifier = ANY ($2) THEN 'RESERVED' ELSE 'AVAILABLE' END
        WHERE identifier = ANY ($1)`,
      [numbers, numbers.slice(left)],
    );

  it('fires, worsens, eases and clears with hysteresis, each crossing once', async () => {
    const numbers = await ledger.numbers(200);
    for (const left of [10, 9, 11, 2, 1, 2, 3, 11, 12, 1, 200]) {
      await leave(numbers, left);
      await measure();
      await measure();
    }
    expect(await told()).toEqual([
      ['exhausted', 9, 'WARNING'],
      ['exhausted', 1, 'SEV1'],
      ['recovered', 3, 'WARNING', 'SEV1'],
      ['recovered', 12, null, 'WARNING'],
      ['exhausted', 1, 'SEV1'],
      ['recovered', 200, null, 'SEV1'],
    ]);
    expect(await rows('SELECT * FROM numbering.pool_alerts')).toEqual([]);
  });

  it('tells a crossing once, however many measure at the same time', async () => {
    const numbers = await ledger.numbers(200);
    await measure();
    for (const left of [1, 200, 1, 200, 1]) {
      await leave(numbers, left);
      const monitor = ledger.module.get(MeasurePools);
      await Promise.all([measure(), monitor.run(), measure(), measure(), monitor.run(), measure()]);
    }
    expect(await told()).toEqual([
      ['exhausted', 1, 'SEV1'],
      ['recovered', 200, null, 'SEV1'],
      ['exhausted', 1, 'SEV1'],
      ['recovered', 200, null, 'SEV1'],
      ['exhausted', 1, 'SEV1'],
    ]);
  });

  it('is measured by one of many, when it is due', async () => {
    await ledger.numbers(3);
    const monitor = ledger.module.get(MeasurePools);
    const found = await Promise.all(Array.from({ length: 8 }, () => monitor.run()));
    const moments = new Set(found.flatMap((each) => (each ? [each.measuredAt.getTime()] : [])));
    expect(moments.size).toBe(1);
    const [first] = moments;
    expect((await monitor.run())?.measuredAt.getTime()).toBe(first);
  });

  it('is measured anew at once after a registration, also one that commits out of order', async () => {
    const monitor = ledger.module.get(MeasurePools);
    await ledger.numbers(3);
    await monitor.run();
    const late = new Client({ connectionString: ledger.database.url });
    await late.connect();
    await late.query('BEGIN');
    await late.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
              inserted, duplicates, invalid, imported_at, imported_by)
       VALUES (gen_random_uuid(), 'AWCC', '+9370', 'MSISDN', 'REGISTRATION', 1, 0, 0, clock_timestamp(), 'test')`,
    );
    await late.query(
      `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
              changed_at, originating_block_id)
       SELECT '+93700000001', 'MSISDN', 'AWCC', '+9370', clock_timestamp(), block_id
         FROM numbering.blocks WHERE operator_id = 'AWCC'`,
    );
    await ledger.numbers(2);
    // A measurement that was just made may keep the next one waiting for some milliseconds.
    const shows = (...expected: number[]) =>
      eventually(async () => {
        await monitor.run();
        expect((await pools()).map(({ available }) => available)).toEqual(expected);
      });
    await shows(5);
    await late.query('COMMIT');
    await late.end();
    await shows(1, 5);
  });

  it('counts a number from its validFrom on, without anybody’s doing', async () => {
    const monitor = ledger.module.get(MeasurePools);
    const validFrom = new Date(Date.now() + 700).toISOString();
    await ledger.numbers(1);
    await ledger.numbers(4, { validFrom });
    await monitor.run();
    expect(await onlyPool()).toMatchObject({ available: 1, upcoming: 4 });
    await eventually(async () => {
      await monitor.run();
      expect(await onlyPool()).toMatchObject({ available: 5, upcoming: 0 });
    });
  });

  it('counts every state, a cool-down that is over as available, and no retired number', async () => {
    const numbers = await ledger.numbers(9);
    await owner.query(
      `UPDATE numbering.identifiers i
          SET state = s.state,
              available_at = clock_timestamp() + s.returns_in,
              quarantine_cause = CASE WHEN s.returns_in IS NOT NULL THEN 'EXPIRY' END,
              quarantined_lease_id = CASE WHEN s.returns_in IS NOT NULL THEN gen_random_uuid() END
         FROM unnest($1::text[], $2::text[], $3::interval[]) AS s (identifier, state, returns_in)
        WHERE i.identifier = s.identifier`,
      [
        numbers.slice(1),
        [
          'RESERVED',
          'HELD',
          'LEASED',
          'SUSPENDED',
          'QUARANTINE',
          'QUARANTINE',
          'RETIRED',
          'LEASED',
        ],
        [null, null, null, null, '1 day', '-1 second', null, null],
      ],
    );
    await measure();
    expect(await onlyPool()).toMatchObject({
      operatorId: 'ROSHAN',
      blockPrefix: '+9379',
      identifierClass: 'MSISDN',
      available: 2,
      reserved: 1,
      held: 1,
      leased: 2,
      suspended: 1,
      quarantine: 1,
      upcoming: 0,
      severity: null,
    });
  });

  it('clears the alert of a pool whose last number is retired, and shows it no more', async () => {
    const [number = '', other = ''] = await ledger.numbers(2);
    await leave([number, other], 0);
    await measure();
    expect(await onlyPool()).toMatchObject({ available: 0, severity: 'SEV1' });
    await leave([number, other], 2);
    for (const each of [number, other]) {
      const ask = { reason: 'withdrawn' };
      const retired = ledger.module.get(RetireNumber).run(as(adminCaller()), parsed(each), ask);
      answerOf(await retired);
    }
    await measure();
    expect(await pools()).toEqual([]);
    expect(await told()).toEqual([
      ['exhausted', 0, 'SEV1'],
      ['recovered', 0, null, 'SEV1'],
    ]);
  });

  it('projects by the count of 30 days ago, and gives back what leaves quarantine before', async () => {
    const numbers = await ledger.numbers(100);
    await owner.query(`UPDATE numbering.blocks SET imported_at = imported_at - interval '90 days'`);
    await leaseMany(rows, 'tenant', numbers.slice(0, 40));
    await owner.query(
      `UPDATE numbering.identifiers
          SET state = 'QUARANTINE', quarantine_cause = 'EXPIRY', quarantined_lease_id = gen_random_uuid(),
              available_at = clock_timestamp() + interval '10 days'
        WHERE identifier = ANY ($1)`,
      [numbers.slice(40, 50)],
    );
    for (const [day, inUse] of [
      [45, 50],
      [30, 20],
      [15, 49],
    ]) {
      await owner.query(
        `INSERT INTO numbering.pool_snapshots (day, operator_id, block_prefix, identifier_class, in_use,
                available, taken_at)
         SELECT (at AT TIME ZONE 'UTC')::date, 'ROSHAN', '+9379', 'MSISDN', $2, 100 - $2, at
           FROM (SELECT clock_timestamp() - make_interval(days => $1) AS at) AS taken`,
        [day, inUse],
      );
    }
    const before = new Date();
    await measure();
    const pool = await onlyPool();
    expect(pool.windowDays).toBe(30);
    // 50 in use now, 20 a month ago: one a day. 50 are left and 10 come back.
    const days = ((pool.projectedExhaustionAt?.getTime() ?? 0) - before.getTime()) / DAY_MS;
    expect(days).toBeCloseTo(60, 1);
  });

  it('keeps one count a day, of pools that are new since too, and not for ever', async () => {
    const snapshot = () => ledger.module.get(SnapshotCapacity).run();
    const numbers = await ledger.numbers(5);
    await leaseMany(rows, 'tenant', numbers.slice(0, 2));
    await owner.query(
      `INSERT INTO numbering.pool_snapshots VALUES
         ('2020-01-01', 'ROSHAN', '+9379', 'MSISDN', 1, 1, '2020-01-01T00:00:00Z')`,
    );
    expect(await snapshot()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    expect(await snapshot()).toEqual({ scanned: 1, changed: 0, failed: 0 });
    const kept = await rows(`SELECT in_use, available FROM numbering.pool_snapshots`);
    expect(kept).toEqual([{ in_use: 2, available: 3 }]);
    const [run] = await rows(`SELECT job FROM numbering.job_runs`);
    expect(run).toEqual({ job: 'capacity-snapshot' });
  });
});
