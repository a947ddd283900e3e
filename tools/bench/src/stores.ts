import { testDatabase, testRedis } from '@numbering/testing';
import { Client } from 'pg';

/** A database and a Redis that nothing else works on. */
export interface Stores {
  databaseUrl: string;
  redisUrl: string;
  /** As the owner. */
  database: Client;
}

/** @param resources closes them */
export async function openStores(resources: AsyncDisposableStack): Promise<Stores> {
  const made = await testDatabase();
  resources.defer(made.drop);
  const redis = await testRedis();
  resources.defer(redis.stop);
  const database = new Client({ connectionString: made.url });
  resources.defer(() => database.end());
  await database.connect();
  return { databaseUrl: made.url, redisUrl: redis.url, database };
}
