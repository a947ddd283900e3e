import { randomUUID } from 'node:crypto';
import {
  freePort,
  mintToken,
  RestCaller,
  runningStack,
  testDatabase,
  testRedis,
  type TestDatabase,
  type TestRedis,
} from '@numbering/testing';
import { Client } from 'pg';
import { AppProcess } from './app-process.fixture';

/**
 * An API, a worker and validators on a database and a Redis of their own, which may be killed, frozen and set otherwise
 * without anybody else's suffering. No Kafka: its events stay in the outbox.
 */
export interface OwnStack {
  api: AppProcess;
  /** The first of `workers`. */
  worker: AppProcess;
  workers: AppProcess[];
  validators: OwnValidator[];
  redis: TestRedis;
  /** The owner's. */
  databaseUrl: string;
  /** Every scope, for any tenant. */
  admin: RestCaller;
  /** Somebody else: who recalled may not override. */
  second: RestCaller;
  validatorToken: string;
  sql: <R extends object>(text: string, parameters?: unknown[]) => Promise<R[]>;
  close: () => Promise<void>;
}

export interface OwnValidator {
  app: AppProcess;
  /** host:port */
  grpc: string;
}

/**
 * @param redisKeepsData as the stack's own does; else it starts empty after a crash
 * @param settings of the environment, for every app
 */
export async function openOwnStack({
  workers: workerCount = 1,
  validators: count = 1,
  redisKeepsData = true,
  settings: more = {},
}: {
  workers?: number;
  validators?: number;
  redisKeepsData?: boolean;
  settings?: Record<string, string>;
} = {}): Promise<OwnStack> {
  const stack = runningStack();
  const [database, redis] = await Promise.all([
    testDatabase(),
    testRedis({ keepsData: redisKeepsData }),
  ]);
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    JWKS_URL: `${stack.services.identity.url}/.well-known/jwks.json`,
    JWT_ISSUER: 'http://numbering.local/identity',
    JWT_AUDIENCE: 'numbering',
    CURSOR_SECRET: randomUUID(),
    BILLING_URL: 'http://127.0.0.1:1',
    ...more,
  };
  const api = new AppProcess('inventory-api', await freePort(), settings);
  const worker = new AppProcess('reservation-worker', await freePort(), settings);
  const workers = [worker];
  while (workers.length < workerCount) {
    workers.push(new AppProcess('reservation-worker', await freePort(), settings));
  }
  const validators = await Promise.all(
    Array.from({ length: count }, async () => {
      const grpcPort = await freePort();
      const its = { ...settings, GRPC_PORT: `${grpcPort}` };
      const app = new AppProcess('lease-validator', await freePort(), its);
      return { app, grpc: `127.0.0.1:${grpcPort}` };
    }),
  );
  const apps = [api, ...workers, ...validators.map(({ app }) => app)];
  const owner = new Client({ connectionString: database.url });
  const close = () => closeAll({ apps, owner, redis, database });
  try {
    await Promise.all([owner.connect(), ...apps.map((app) => app.start())]);
    const second = await mintToken({ sub: 'second-admin', scope: 'numbering:compliance' });
    return {
      api,
      worker,
      workers,
      validators,
      redis,
      databaseUrl: database.url,
      admin: new RestCaller(api.url, stack.tokens.admin),
      second: new RestCaller(api.url, second),
      validatorToken: stack.tokens.validator,
      sql: async (text, parameters) => (await owner.query(text, parameters)).rows,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closeAll(world: {
  apps: AppProcess[];
  owner: Client;
  redis: TestRedis;
  database: TestDatabase;
}): Promise<void> {
  await Promise.all(world.apps.map((app) => app.kill()));
  await world.owner.end();
  await world.redis.stop();
  await world.database.drop();
}
