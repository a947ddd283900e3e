import { randomUUID } from 'node:crypto';
import { testDatabase, type TestDatabase } from '@numbering/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { CapacityStore } from './capacity.store';
import { appDataSource } from './data-source';

jest.setTimeout(60_000);

describe('the capacity of pools', () => {
  let database: TestDatabase;
  let owner: Client;
  let source: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
    owner = new Client({ connectionString: database.url });
    await owner.connect();
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
    await owner.end();
    await database.drop();
  });

  it('counts what is available and valid now, and knows no pool of retired numbers', async () => {
    const blockId = randomUUID();
    await owner.query(
      `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
              inserted, duplicates, invalid, imported_at, imported_by)
       VALUES ($1, 'ROSHAN', '+9379', 'MSISDN', 'REGISTRATION', 7, 0, 0, clock_timestamp(), 'test')`,
      [blockId],
    );
    await owner.query(
      `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
              state, changed_at, valid_from, originating_block_id)
       SELECT identifier, class, 'ROSHAN', prefix, state, clock_timestamp(),
              clock_timestamp() + valid_in, $1
         FROM (VALUES ('+93790000001', 'MSISDN', '+9379', 'AVAILABLE', NULL::interval),
                      ('+93790000002', 'MSISDN', '+9379', 'AVAILABLE', '-1 day'),
                      ('+93790000003', 'MSISDN', '+9379', 'AVAILABLE', '1 day'),
                      ('+93790000004', 'MSISDN', '+9379', 'RESERVED', NULL),
                      ('+93720000001', 'MSISDN', '+9372', 'LEASED', NULL),
                      ('+93720000002', 'MSISDN', '+9372', 'RETIRED', NULL),
                      ('12345', 'SHORT_CODE', '*', 'RETIRED', NULL))
                AS numbers (identifier, class, prefix, state, valid_in)`,
      [blockId],
    );
    const now = new Date();
    const counted = await new CapacityStore().count(source.manager, now);
    const pool = { operatorId: 'ROSHAN', identifierClass: 'MSISDN' };
    expect(counted).toMatchObject([
      { ...pool, blockPrefix: '+9372', available: 0, leased: 1, nextValidFrom: null },
      { ...pool, blockPrefix: '+9379', available: 2, reserved: 1, upcoming: 1 },
    ]);
    const [, { nextValidFrom, firstImportAt } = { nextValidFrom: null, firstImportAt: now }] =
      counted;
    expect(nextValidFrom?.getTime()).toBeGreaterThan(now.getTime());
    expect(firstImportAt.getTime()).toBeLessThan(nextValidFrom?.getTime() ?? 0);
  });

  it('gathers by UTC day what comes back from quarantine', async () => {
    await owner.query(
      `UPDATE numbering.identifiers
          SET state = 'QUARANTINE', quarantine_cause = 'RECALL', quarantined_lease_id = gen_random_uuid(),
              available_at = CASE right(identifier, 1)
                WHEN '1' THEN '2999-01-01T05:00:00Z'::timestamptz
                WHEN '2' THEN '2999-01-01T23:00:00Z'
                ELSE '2999-01-02T01:00:00Z' END
        WHERE block_prefix = '+9379' AND state <> 'RESERVED'`,
    );
    const counted = await new CapacityStore().count(source.manager, new Date());
    const found = counted.find(({ blockPrefix }) => blockPrefix === '+9379');
    expect(found?.quarantine).toBe(3);
    expect(found?.returns.toSorted((a, b) => a.at.getTime() - b.at.getTime())).toEqual([
      { at: new Date('2999-01-01T23:00:00Z'), identifiers: 2 },
      { at: new Date('2999-01-02T01:00:00Z'), identifiers: 1 },
    ]);
  });
});
