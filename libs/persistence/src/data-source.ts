import { DataSource } from 'typeorm';
import { PreparedClient } from './prepared-client';
import { Ledger1764000000000 } from './migrations/1764000000000-ledger';
import { Tenants1764000000001 } from './migrations/1764000000001-tenants';
import { Records1764000000002 } from './migrations/1764000000002-records';
import { AppRole1764000000003 } from './migrations/1764000000003-app-role';
import { StagedRows1764000000004 } from './migrations/1764000000004-staged-rows';
import { Renewal1764000000005 } from './migrations/1764000000005-renewal';
import { Cascade1764000000006 } from './migrations/1764000000006-cascade';
import { Browse1764000000007 } from './migrations/1764000000007-browse';
import { GuardedMoves1764000000009 } from './migrations/1764000000009-guarded-moves';
import { PoolCapacity1764000000012 } from './migrations/1764000000012-pool-capacity';
import { QuotaVersion1764000000014 } from './migrations/1764000000014-quota-version';
import { IndexOfTenants1764000000015 } from './migrations/1764000000015-index-of-tenants';

/** How long a migration waits for a lock before it gives way to live traffic. */
const MIGRATION_LOCK_TIMEOUT_MS = 10_000;
/** Any number, the same in every process: two migrations do not run at once. */
const MIGRATION_ADVISORY_LOCK = 7_463_529_001;

export const MIGRATIONS = [
  Ledger1764000000000,
  Tenants1764000000001,
  Records1764000000002,
  AppRole1764000000003,
  StagedRows1764000000004,
  Renewal1764000000005,
  Cascade1764000000006,
  Browse1764000000007,
  GuardedMoves1764000000009,
  PoolCapacity1764000000012,
  QuotaVersion1764000000014,
  IndexOfTenants1764000000015,
];

const SESSION =
  '-c role=numbering_app -c timezone=UTC -c idle_in_transaction_session_timeout=60000';
/**
 * Where plans are kept: one that was made while a table was almost empty must not read all of it when a million rows
 * have come, nor all of a range that is wanted page by page, only to sort it. Everything that is asked for here has its
 * index, in its order. Left to itself Postgres plans most of these statements anew at each call, which takes longer than
 * to carry them out.
 */
const KEPT_PLANS =
  '-c enable_seqscan=off -c enable_bitmapscan=off -c jit=off -c plan_cache_mode=force_generic_plan';
/** Less than half a request's time: a group that runs into it is carried out one by one, within that time. */
const LOCK_TIMEOUT = '-c lock_timeout=700';

export interface AppDataSourceOptions {
  databaseUrl: string;
  /** Shown in pg_stat_activity. */
  app: string;
  poolSize: number;
  /** A query that takes longer is given up: the caller gets `StoreUnavailable`. */
  queryTimeoutMs: number;
  /** How long a caller waits for a connection. */
  connectTimeoutMs: number;
  /** Statements that do not need each other's answers travel together; COPY and cursors are refused then. */
  pipelines?: boolean;
}

/** The apps' connection: as the role that cannot change audit rows, in UTC. Emits no unhandled `error`. */
export const appDataSource = (options: AppDataSourceOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url: options.databaseUrl,
    applicationName: options.app,
    poolSize: options.poolSize,
    connectTimeoutMS: options.connectTimeoutMs,
    // An idle connection whose backend dies tells the pool, which replaces it; the next query tells the caller.
    poolErrorHandler: () => undefined,
    extra: {
      query_timeout: options.queryTimeoutMs,
      ...(options.pipelines ? { pipeline: true, Client: PreparedClient } : {}),
      options: options.pipelines ? `${SESSION} ${KEPT_PLANS} ${LOCK_TIMEOUT}` : SESSION,
    },
  });

/**
 * Brings the schema to the newest version, as the owner, one process at a time.
 * @returns the names of the migrations that ran
 */
export async function migrate(databaseUrl: string): Promise<{ applied: string[] }> {
  const source = new DataSource({
    type: 'postgres',
    url: databaseUrl,
    schema: 'numbering',
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    poolSize: 2,
    extra: { options: `-c lock_timeout=${MIGRATION_LOCK_TIMEOUT_MS} -c timezone=UTC` },
  });
  await source.initialize();
  const guard = source.createQueryRunner();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [MIGRATION_ADVISORY_LOCK]);
    await guard.query('CREATE SCHEMA IF NOT EXISTS numbering');
    const applied = await source.runMigrations({ transaction: 'each' });
    await guard.query('SELECT pg_advisory_unlock($1)', [MIGRATION_ADVISORY_LOCK]);
    return { applied: applied.map((migration) => migration.name) };
  } finally {
    await guard.release();
    await source.destroy();
  }
}
