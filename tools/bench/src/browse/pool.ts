import { appDataSource } from '@numbering/persistence';
import { testDatabase } from '@numbering/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { addBlock } from '../block';

/** The pool at its size: a million AVAILABLE MSISDNs, and beside them what must not be felt. */
export interface BenchPool {
  /** As the apps ask. */
  source: DataSource;
  /** As the owner. */
  database: Client;
}

/** What stands in the pool; a short run has a hundredth. */
const MSISDNS: readonly (readonly [operatorId: string, prefix: string, count: number])[] = [
  ['ROSHAN', '+9379', 790_000],
  ['AWCC', '+9370', 200_000],
  ['ATOMA', '+9376', 10_000],
];
export const SMALLEST_OPERATOR = 'ATOMA';
/** Before the others of their operator in the order of the list. */
const AHEAD = { operatorId: 'ROSHAN', prefix: '+9372', count: 1_000_000 } as const;
const BANKS = 200_000;
const OTHER_NAMES = 50_000;
const VANITY_CODES = 20_000;
const SHORT_PART = 1 / 100;

const QUERY_TIMEOUT_MS = 60_000;
let pool: Promise<BenchPool> | undefined;

/** Made once for all benchmarks of it; it goes with the server that the suite has for itself. */
export const benchPool = (isShort: boolean): Promise<BenchPool> =>
  (pool ??= makePool(isShort ? SHORT_PART : 1));

async function makePool(part: number): Promise<BenchPool> {
  const { url } = await testDatabase();
  const database = new Client({ connectionString: url });
  await database.connect();
  await fill(database, part);
  const source = await appDataSource({
    databaseUrl: url,
    app: 'bench',
    poolSize: 2,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    connectTimeoutMs: QUERY_TIMEOUT_MS,
    pipelines: true,
  }).initialize();
  return { source, database };
}

async function fill(database: Client, part: number): Promise<void> {
  const blockId = await addBlock(database, '*');
  const add = (count: number, values: string) =>
    database.query(
      `INSERT INTO numbering.identifiers (originating_block_id, block_prefix, changed_at, identifier,
              alpha_key, identifier_class, operator_id, valid_from, vanity_eligible)
       SELECT $1, '*', clock_timestamp(), ${values} FROM generate_series(1, $2::integer) AS nth`,
      [blockId, Math.round(count * part)],
    );
  const sevenDigits = `lpad(nth::text, 7, '0')`;
  for (const [operatorId, prefix, count] of MSISDNS) {
    await add(count, `'${prefix}' || ${sevenDigits}, NULL, 'MSISDN', '${operatorId}', NULL, false`);
  }
  const ahead = `clock_timestamp() + interval '30 days'`;
  const { operatorId, prefix } = AHEAD;
  await add(
    AHEAD.count,
    `'${prefix}' || ${sevenDigits}, NULL, 'MSISDN', '${operatorId}', ${ahead}, false`,
  );
  const alpha = (name: string) =>
    `'${name}' || nth, lower('${name}') || nth, 'ALPHA', 'NATIONAL', NULL, false`;
  await add(BANKS, alpha('Bank'));
  await add(OTHER_NAMES, alpha('Shop'));
  await add(VANITY_CODES, `(400000 + nth)::text, NULL, 'SHORT_CODE', 'NATIONAL', NULL, true`);
  await database.query('VACUUM ANALYZE');
}
