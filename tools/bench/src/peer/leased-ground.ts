import { randomUUID } from 'node:crypto';
import { eventually, leaseMany, ValidatorClient, type LeaseQuestion } from '@numbering/testing';
import type { Client } from 'pg';
import { startApp, type BuiltApp } from '../built-app';
import { openIssuer } from '../issuer';
import { openStores } from '../stores';

const PREFIX = '+9379';
const START_LIMIT_MS = 30_000;

/** Leased numbers, a worker whose evictor is alive, and a validator as it is shipped. */
export interface LeasedGround {
  databaseUrl: string;
  /** Every leased number with its holder. */
  held: readonly LeaseQuestion[];
  validator: BuiltApp;
  token: string;
  client: ValidatorClient;
}

/** @param resources closes all of it */
export async function openLeasedGround(
  resources: AsyncDisposableStack,
  { numbers, tenants }: { numbers: number; tenants: number },
): Promise<LeasedGround> {
  const stores = await openStores(resources);
  const held = Array.from({ length: numbers }, (_, nth) => ({
    identifier: `${PREFIX}${String(nth).padStart(7, '0')}`,
    tenantId: `bench-${nth % tenants}`,
  }));
  await lease(stores.database, held);
  const issuer = await openIssuer(resources);
  await startApp(resources, 'reservation-worker', stores);
  const settings = { ...issuer.env, GRPC_AUTH: 'jwt' };
  const validator = await startApp(resources, 'lease-validator', stores, settings);
  const token = await issuer.token('bench', { scope: 'numbering:validate' });
  const client = new ValidatorClient(validator.grpc, token);
  resources.defer(() => client.close());
  await eventually(() => heartbeat(validator.url), { withinMs: START_LIMIT_MS });
  return { databaseUrl: stores.databaseUrl, held, validator, token, client };
}

async function lease(owner: Client, held: readonly LeaseQuestion[]): Promise<void> {
  const blockId = randomUUID();
  await owner.query(
    `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
                                   inserted, duplicates, invalid, imported_at, imported_by)
     VALUES ($1, 'ROSHAN', $2, 'MSISDN', 'REGISTRATION', 1, 0, 0, clock_timestamp(), 'bench')`,
    [blockId, PREFIX],
  );
  await owner.query(
    `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
                                        originating_block_id, state, version, changed_at)
     SELECT identifier, 'MSISDN', 'ROSHAN', $1, $2, 'AVAILABLE', 1, clock_timestamp()
       FROM unnest($3::text[]) AS identifier`,
    [PREFIX, blockId, held.map(({ identifier }) => identifier)],
  );
  const byTenant = Map.groupBy(held, ({ tenantId }) => tenantId);
  for (const [tenantId, theirs] of byTenant) {
    const numbers = theirs.map(({ identifier }) => identifier);
    await leaseMany((text, values) => owner.query(text, values), tenantId, numbers);
  }
  await owner.query('VACUUM ANALYZE');
}

/** Throws until the evictor is heard: only then is anything answered from memory. */
async function heartbeat(url: string): Promise<void> {
  const response = await fetch(`${url}/health/ready`);
  const { details } = (await response.json()) as { details: Record<string, { status: string }> };
  if (details.heartbeat?.status !== 'up') throw new Error('no heartbeat yet');
}
