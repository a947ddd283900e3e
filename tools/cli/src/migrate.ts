import { migrate } from '@numbering/persistence';
import { databaseUrl } from './stack-file.js';

/** Applies the migrations that are missing and says which. */
export async function runMigrations(): Promise<void> {
  const { applied } = await migrate(databaseUrl());
  console.log(applied.length === 0 ? 'schema is up to date' : `applied: ${applied.join(', ')}`);
}
