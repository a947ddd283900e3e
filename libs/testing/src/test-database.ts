import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { migrate } from '@numbering/persistence';

/** A migrated database of a test's own, on the real server that TEST_DATABASE_URL names. */
export interface TestDatabase {
  /** The owner's; apps take `numbering_app` by themselves. */
  url: string;
  drop: () => Promise<void>;
}

/** Any number: databases are made from the template one at a time. */
const TEMPLATE_ADVISORY_LOCK = 7_463_529_002;

/**
 * Copies a migrated template, made once for each set of migrations.
 * @throws where TEST_DATABASE_URL is missing: a test without its server fails, it does not skip
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = serverUrl('TEST_DATABASE_URL', 'Postgres');
  const hash = hashOfMigrations();
  const template = `numbering_template_${hash}`;
  const name = `numbering_test_${randomBytes(6).toString('hex')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_ADVISORY_LOCK]);
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (found.rowCount === 0) {
      await admin.query(`CREATE DATABASE ${template}_new`);
      await migrate(withDatabase(server, `${template}_new`));
      await admin.query(`ALTER DATABASE ${template}_new RENAME TO ${template}`);
    }
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } finally {
    await admin.end();
  }
  return { url: withDatabase(server, name), drop: () => drop(server, name) };
}

/** The template is made anew when a migration changes. */
function hashOfMigrations(): string {
  const folder = path.resolve('libs/persistence/src/migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(path.join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}

async function drop(server: string, name: string): Promise<void> {
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.end();
}

const withDatabase = (server: string, name: string): string => {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
};

/** The address of a server that `npm test` started. */
export function serverUrl(variable: string, what: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: tests need a real ${what}; run npm test`);
  return value;
}
