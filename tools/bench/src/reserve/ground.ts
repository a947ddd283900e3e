import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { LifecycleModule } from '@numbering/lifecycle';
import { loadConfig } from '@numbering/platform';
import type { Client } from 'pg';
import { addBlock } from '../block';
import { openStores } from '../stores';

/** Tenants that claim; enough that few calls of one group are of the same one. */
export const TENANTS = 1_000;
export const benchTenant = (nth: number): string => `bench-${nth}`;

/** The lifecycle on a database of its own: nothing else runs on it. */
export interface Ground {
  lifecycle: INestApplicationContext;
  databaseUrl: string;
  redisUrl: string;
  /** As the owner. */
  database: Client;
}

/**
 * @param resources closes all of it
 * @param prefixes of the numbers of each side, `+9379`
 * @param count of numbers of each side
 */
export async function openGround(
  resources: AsyncDisposableStack,
  prefixes: readonly string[],
  count: number,
): Promise<Ground> {
  const { databaseUrl, redisUrl, database } = await openStores(resources);
  await fill(database, prefixes, count);
  const config = loadConfig(
    {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      BILLING_URL: 'http://127.0.0.1:1',
      LOG_LEVEL: 'silent',
    },
    'reservation-worker',
  );
  const lifecycle = await NestFactory.createApplicationContext(LifecycleModule.forRoot(config), {
    logger: false,
  });
  resources.defer(() => lifecycle.close());
  return { lifecycle, databaseUrl, redisUrl, database };
}

/** Numbers in the pool, as an import leaves them, and tenants whose quotas are not in the way. */
async function fill(database: Client, prefixes: readonly string[], count: number) {
  const blockId = await addBlock(database, '+9379');
  for (const prefix of prefixes) {
    await database.query(
      `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
                                          originating_block_id, state, version, changed_at)
       SELECT $1 || lpad(nth::text, 7, '0'), 'MSISDN', 'ROSHAN', $1, $2, 'AVAILABLE', 1, clock_timestamp()
         FROM generate_series(1, $3::integer) AS nth`,
      [prefix, blockId, count],
    );
  }
  await database.query(
    `INSERT INTO numbering.tenants (tenant_id, plan)
     SELECT 'bench-' || nth, 'enterprise' FROM generate_series(1, $1::integer) AS nth
     ON CONFLICT DO NOTHING`,
    [TENANTS],
  );
  await database.query('VACUUM ANALYZE');
}
