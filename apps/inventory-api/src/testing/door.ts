import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastifyAdapter, loadConfig } from '@numbering/platform';
import { eventually, testDatabase, testRedis } from '@numbering/testing';
import { Client } from 'pg';
import { AppModule } from '../app.module';
import { configureHttp } from '../http/configure-http';
import { cuttableProxy, type CuttableProxy } from './cuttable-proxy';
import { testIssuer, type TestIssuer } from './issuer';

export interface Answer {
  status: number;
  headers: Headers;
  // What a body has is for each test to say.
  body: Record<string, unknown> & { code?: string; items?: Record<string, unknown>[] };
  text: string;
}

interface CallOptions {
  headers?: Record<string, string>;
  method?: string;
}

/** Calls with one token; none where it is undefined. */
export interface Calls {
  get: (path: string, options?: CallOptions) => Promise<Answer>;
  post: (path: string, body?: unknown, options?: CallOptions) => Promise<Answer>;
  put: (path: string, body?: unknown, options?: CallOptions) => Promise<Answer>;
}

/** The real app on a database and a Redis of its own, behind a Postgres line that can be cut. */
export interface Door {
  url: string;
  /** The owner's, past the line. */
  databaseUrl: string;
  redisUrl: string;
  issuer: TestIssuer;
  postgres: CuttableProxy;
  /** As the owner of the database, past the line. */
  sql: <R extends object>(text: string, parameters?: unknown[]) => Promise<R[]>;
  as: (token: string | undefined) => Calls;
  tenant: (tenant: string, scope?: string) => Promise<Calls>;
  admin: Calls;
  adminToken: string;
  /** Fresh MSISDNs, registered. */
  numbers: (count: number) => Promise<string[]>;
  close: () => Promise<void>;
}

const ADMIN = '/v1/admin/numbering';
const ALL_SCOPES =
  'numbering:read numbering:write numbering:tenants:any numbering:admin numbering:compliance';

/** @param settings of the environment, above those that keep limits out of a test's way */
export async function openDoor(settings: Record<string, string> = {}): Promise<Door> {
  const [database, redis, issuer] = await Promise.all([testDatabase(), testRedis(), testIssuer()]);
  const direct = new URL(database.url);
  const postgres = await cuttableProxy({
    host: direct.hostname,
    port: Number(direct.port || '5432'),
  });
  const proxied = new URL(database.url);
  proxied.hostname = '127.0.0.1';
  proxied.port = String(postgres.port);
  const app = await boot({
    DATABASE_URL: proxied.toString(),
    REDIS_URL: redis.url,
    CURSOR_SECRET: 'a secret of this test alone',
    LOG_LEVEL: 'silent',
    PORT: '0',
    RATE_LIMIT_PER_MINUTE: '100000',
    RATE_LIMIT_OTHER_PER_MINUTE: '1000000',
    ...issuer.environment,
    ...settings,
  });
  const url = await app.getUrl();
  const owner = new Client({ connectionString: database.url });
  await owner.connect();
  const adminToken = await issuer.token({ sub: 'admin-1', scope: ALL_SCOPES });
  const admin = calls(url, adminToken);
  let next = 1;
  return {
    url,
    databaseUrl: database.url,
    redisUrl: redis.url,
    issuer,
    postgres,
    sql: async (text, parameters) => (await owner.query(text, parameters)).rows,
    as: (token) => calls(url, token),
    tenant: async (tenant, scope) => calls(url, await issuer.token({ tenant, scope })),
    admin,
    adminToken,
    numbers: async (count) => {
      const made = Array.from({ length: count }, () => `+9379${String(next++).padStart(7, '0')}`);
      const identifiers = made.map((identifier) => ({ identifier, operatorId: 'ROSHAN' }));
      // A machine that has more to do than it can may answer 503: as a caller is told, ask again.
      await eventually(async () => {
        const { status, text } = await admin.post(`${ADMIN}/identifiers`, { identifiers });
        if (status !== 200) throw new Error(text);
      });
      return made;
    },
    close: async () => {
      postgres.mend();
      await app.close();
      await owner.end();
      await Promise.all([postgres.close(), redis.stop(), issuer.close(), database.drop()]);
    },
  };
}

async function boot(environment: Record<string, string>): Promise<NestFastifyApplication> {
  const config = loadConfig(environment, 'inventory-api');
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config),
    fastifyAdapter(),
    { logger: false, abortOnError: false },
  );
  await configureHttp(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

function calls(root: string, token: string | undefined): Calls {
  const call = async (method: string, path: string, body?: unknown, options: CallOptions = {}) => {
    const isRaw = typeof body === 'string' || body instanceof FormData || body instanceof Blob;
    const headers: Record<string, string> = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined || isRaw ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    };
    const response = await fetch(root + path, {
      method: options.method ?? method,
      headers,
      body: body === undefined || isRaw ? (body as RequestInit['body']) : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : {}) as Answer['body'],
      text,
    };
  };
  return {
    get: (path, options) => call('GET', path, undefined, options),
    post: (path, body, options) => call('POST', path, body, options),
    put: (path, body, options) => call('PUT', path, body, options),
  };
}

export const numberPath = (identifier: string, action?: string): string =>
  `/v1/numbers/${encodeURIComponent(identifier)}${action === undefined ? '' : `/${action}`}`;
