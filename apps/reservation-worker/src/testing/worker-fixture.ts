import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { isRefusal, parseIdentifier, type Caller, type ParsedIdentifier } from '@numbering/domain';
import {
  HoldNumber,
  isRefused,
  LifecycleModule,
  RegisterIdentifiers,
  ReleaseNumber,
  ReserveNumber,
} from '@numbering/lifecycle';
import { loadConfig, type Config } from '@numbering/platform';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@numbering/testing';
import { DataSource } from 'typeorm';
import { MaintainPartitions } from '../maintain-partitions';
import { WorkerModule } from '../worker.module';

/** A database and a Redis of a test's own, and a lifecycle on them as an API's would be. */
export interface World {
  database: TestDatabase;
  redis: TestRedis;
  lifecycle: TestingModule;
  source: DataSource;
  /** Registers a number and reserves it for the configured time. */
  reserve: (identifier: string) => Promise<{ leaseId: string }>;
  /** For whom `reserve` reserved it. */
  hold: (identifier: string) => Promise<void>;
  release: (identifier: string) => Promise<void>;
  stateOf: (identifier: string) => Promise<string>;
  /** The worker in this process, without its door. */
  startWorker: (environment?: Record<string, string>) => Promise<TestingModule>;
  close: () => Promise<void>;
}

const ADMIN: Caller = { sub: 'admin-1', scopes: new Set(['numbering:admin']) };
const TENANT_SCOPES = new Set(['numbering:read', 'numbering:write']);

/** @param keepsData of Redis, which otherwise starts empty after a crash */
export async function openWorld(
  environment: Record<string, string> = {},
  { keepsData = false } = {},
): Promise<World> {
  const database = await testDatabase();
  const redis = await testRedis({ keepsData });
  const config = (more: Record<string, string> = {}): Config =>
    loadConfig(
      {
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        BILLING_URL: 'http://127.0.0.1:1',
        LOG_LEVEL: 'silent',
        ...environment,
        ...more,
      },
      'reservation-worker',
    );
  const lifecycle = await Test.createTestingModule({
    imports: [LifecycleModule.forRoot(config())],
    providers: [MaintainPartitions],
  }).compile();
  await lifecycle.init();
  const source = lifecycle.get(DataSource);
  return {
    database,
    redis,
    lifecycle,
    source,
    reserve: (identifier) => reserve(lifecycle, identifier),
    hold: (identifier) => byItsOwner(lifecycle, HoldNumber, identifier),
    release: (identifier) => byItsOwner(lifecycle, ReleaseNumber, identifier),
    stateOf: async (identifier) => {
      const [row] = await source.query(
        'SELECT state FROM numbering.identifiers WHERE identifier = $1',
        [identifier],
      );
      return row?.state;
    },
    startWorker: async (more) => {
      const worker = await Test.createTestingModule({
        imports: [LifecycleModule.forRoot(config(more)), WorkerModule.forRoot(config(more))],
      }).compile();
      return worker.init();
    },
    close: async () => {
      await lifecycle.close();
      await redis.stop();
      await database.drop();
    },
  };
}

async function reserve(lifecycle: TestingModule, identifier: string) {
  const identifiers = [{ identifier, operatorId: 'ROSHAN' }];
  await lifecycle.get(RegisterIdentifiers).run({ caller: ADMIN }, { identifiers });
  const tenantId = `tenant-${randomUUID()}`;
  const caller: Caller = { sub: 'user-1', tenantId, scopes: TENANT_SCOPES };
  const outcome = await lifecycle.get(ReserveNumber).run({ caller }, parsed(identifier));
  if (isRefused(outcome)) throw new Error(outcome.refusal.detail);
  return outcome.answer;
}

async function byItsOwner(
  lifecycle: TestingModule,
  what: typeof HoldNumber | typeof ReleaseNumber,
  identifier: string,
): Promise<void> {
  const [{ tenantId }] = await lifecycle.get(DataSource).query(
    `SELECT tenant_id AS "tenantId" FROM numbering.leases
      WHERE identifier = $1 AND state = 'RESERVED'`,
    [identifier],
  );
  const caller: Caller = { sub: 'user-1', tenantId, scopes: TENANT_SCOPES };
  const outcome = await lifecycle.get(what).run({ caller }, parsed(identifier));
  if (isRefused(outcome)) throw new Error(outcome.refusal.detail);
}

function parsed(text: string): ParsedIdentifier {
  const read = parseIdentifier(text);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
}
