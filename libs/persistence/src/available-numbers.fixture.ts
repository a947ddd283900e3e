import { randomUUID } from 'node:crypto';
import { alphaMatchKey } from '@numbering/domain';
import { testDatabase } from '@numbering/testing';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { appDataSource } from './data-source';

export interface PoolNumber {
  identifier: string;
  operatorId?: string;
  vanityEligible?: boolean;
  state?: string;
  /** From now; absent: in service since ever. */
  validInSeconds?: number;
}

/** A pool in a database of its own, and the app's connection to it. */
export interface TestPool {
  owner: Client;
  source: DataSource;
  add: (numbers: readonly PoolNumber[]) => Promise<void>;
  /** As many AVAILABLE numbers in one statement: `+9379` and seven digits from `from` on. */
  addMany: (many: {
    prefix: string;
    operatorId: string;
    count: number;
    from?: number;
    more?: string;
  }) => Promise<void>;
  close: () => Promise<void>;
}

export async function testPool(): Promise<TestPool> {
  const database = await testDatabase();
  const owner = new Client({ connectionString: database.url });
  await owner.connect();
  const source = await appDataSource({
    databaseUrl: database.url,
    app: 'test',
    poolSize: 4,
    queryTimeoutMs: 20_000,
    connectTimeoutMs: 5_000,
    pipelines: true,
  }).initialize();
  const blockId = randomUUID();
  await owner.query(
    `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class, source,
            inserted, duplicates, invalid, imported_at, imported_by)
     VALUES ($1, 'ROSHAN', '*', 'MSISDN', 'REGISTRATION', 9, 0, 0, clock_timestamp(), 'test')`,
    [blockId],
  );
  return {
    owner,
    source,
    add: async (numbers) => {
      await owner.query(
        `INSERT INTO numbering.identifiers (identifier, alpha_key, identifier_class, operator_id,
                block_prefix, state, changed_at, valid_from, valid_from_passed, vanity_eligible,
                originating_block_id)
         SELECT identifier, alpha_key, class, operator, '*', state, now,
                now + make_interval(secs => seconds), coalesce(seconds <= 0, false), vanity, $2
           FROM jsonb_to_recordset($1::jsonb) AS r (
                  identifier text, alpha_key text, class text, operator text, state text,
                  seconds double precision, vanity boolean),
                clock_timestamp() AS now`,
        [JSON.stringify(numbers.map(rowOf)), blockId],
      );
    },
    addMany: async ({ prefix, operatorId, count, from = 0, more = 'NULL, false' }) => {
      await owner.query(
        `INSERT INTO numbering.identifiers (identifier, identifier_class, operator_id, block_prefix,
                changed_at, originating_block_id, valid_from, vanity_eligible)
         SELECT $1 || lpad(nth::text, 7, '0'), 'MSISDN', $2, $1, clock_timestamp(), $3, ${more}
           FROM generate_series($4::integer, $4 + $5 - 1) AS nth`,
        [prefix, operatorId, blockId, from, count],
      );
    },
    close: async () => {
      await source.destroy();
      await owner.end();
      await database.drop();
    },
  };
}

const rowOf = (number: PoolNumber) => ({
  identifier: number.identifier,
  alpha_key: classOf(number.identifier) === 'ALPHA' ? alphaMatchKey(number.identifier) : null,
  class: classOf(number.identifier),
  operator: number.operatorId ?? 'ROSHAN',
  state: number.state ?? 'AVAILABLE',
  seconds: number.validInSeconds ?? null,
  vanity: number.vanityEligible ?? false,
});

export function classOf(identifier: string): 'MSISDN' | 'SHORT_CODE' | 'ALPHA' {
  if (identifier.startsWith('+')) return 'MSISDN';
  return /^[0-9]+$/.test(identifier) ? 'SHORT_CODE' : 'ALPHA';
}
