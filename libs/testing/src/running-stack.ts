import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { serverUrl } from './test-database';

const run = promisify(execFile);

/** Of ten million numbers few are taken: the second one finds the rest. */
const MAX_REGISTRATIONS = 5;

/** What `.numbering/stack.json` says of a running stack, as far as tests look at it. */
export interface StackFile {
  apps: Record<
    'inventory-api' | 'lease-validator' | 'reservation-worker' | 'pool-monitor',
    Replica[]
  >;
  services: {
    postgres: { url: string };
    redis: { url: string };
    kafka: { brokers: string };
    identity: { url: string };
    billing: { url: string };
  };
  tokens: { admin: string; validator: string };
}

export interface Replica {
  url: string;
  /** host:port, of a validator. */
  grpc?: string;
  pid: number;
}

/** The stack that `npm test` started. @throws where STACK_JSON is missing */
export function runningStack(): StackFile {
  const file = serverUrl('STACK_JSON', 'stack');
  return JSON.parse(readFileSync(file, 'utf8')) as StackFile;
}

export interface Answer<B = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: B;
}

/** A caller of inventory-api with one token. Never throws on a status. */
export class RestCaller {
  constructor(
    private readonly base: string,
    private readonly token?: string,
  ) {}

  get(route: string, headers: Record<string, string> = {}) {
    return this.call('GET', route, undefined, headers);
  }

  post(route: string, body: unknown = {}, headers: Record<string, string> = {}) {
    return this.call('POST', route, body, headers);
  }

  put(route: string, body: unknown, headers: Record<string, string> = {}) {
    return this.call('PUT', route, body, headers);
  }

  /** `reserve`, `hold`, `release`, `lease`, `recall` of one number. */
  on(number: string, action: string, body: unknown = {}, headers: Record<string, string> = {}) {
    return this.post(`/v1/numbers/${encodeURIComponent(number)}/${action}`, body, headers);
  }

  private async call(
    method: string,
    route: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const isForm = body instanceof FormData;
    const response = await fetch(new URL(route, this.base), {
      method,
      headers: {
        accept: 'application/json',
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const parsed = (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, body: parsed };
  }
}

/** A development token, minted as a user mints one. */
export async function mintToken(claims: {
  tenant?: string;
  sub: string;
  scope: string;
}): Promise<string> {
  const home = path.dirname(serverUrl('STACK_JSON', 'stack'));
  const tenant = claims.tenant === undefined ? [] : ['--tenant', claims.tenant];
  const { stdout } = await run(
    process.execPath,
    ['dist/tools/cli/main.js', 'token', ...tenant, '--sub', claims.sub, '--scope', claims.scope],
    { env: { ...process.env, NUMBERING_HOME: home } },
  );
  return stdout.trim();
}

export interface TestTenant {
  id: string;
  sub: string;
  api: RestCaller;
}

/** Everything an end-to-end test asks the running stack for. */
export class Suite {
  readonly stack = runningStack();
  readonly admin = this.caller(this.stack.tokens.admin);
  /** The subject of the stack's admin token. */
  readonly adminSub = subOf(this.stack.tokens.admin);
  private database: Client | undefined;

  caller(token?: string): RestCaller {
    const [replica] = this.stack.apps['inventory-api'];
    if (!replica) throw new Error('no inventory-api runs');
    return new RestCaller(replica.url, token);
  }

  /** A tenant nobody used before. */
  async tenant(
    plan = 'business',
    scope = 'numbering:read numbering:write',
    quotas?: Record<string, number>,
  ): Promise<TestTenant> {
    const id = `t-${randomBytes(5).toString('hex')}`;
    const sub = `user-${id}`;
    await this.expect(200, this.admin.put(`/v1/admin/numbering/tenants/${id}`, { plan }));
    if (quotas) {
      await this.expect(200, this.admin.put(`/v1/admin/numbering/tenants/${id}/quotas`, quotas));
    }
    return { id, sub, api: this.caller(await mintToken({ tenant: id, sub, scope })) };
  }

  /** Fresh numbers of ROSHAN, registered: what chance made twice is somebody else's. */
  async numbers(count = 1, more: Record<string, unknown> = {}): Promise<string[]> {
    const fresh: string[] = [];
    for (let attempt = 0; fresh.length < count && attempt < MAX_REGISTRATIONS; attempt++) {
      const identifiers = Array.from({ length: count - fresh.length }, () => ({
        identifier: `+9379${String(randomInt(10_000_000)).padStart(7, '0')}`,
        operatorId: 'ROSHAN',
        ...more,
      }));
      const { items } = await this.expect(
        200,
        this.admin.post('/v1/admin/numbering/identifiers', { identifiers }),
      );
      for (const { identifier, status } of items as { identifier: string; status: string }[])
        if (status === 'inserted') fresh.push(identifier);
    }
    return fresh;
  }

  async expect(status: number, asked: Promise<Answer>): Promise<Record<string, unknown>> {
    const answer = await asked;
    if (answer.status !== status) {
      throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  /** Rows, as the database's owner. */
  async sql<R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> {
    if (!this.database) {
      this.database = new Client({ connectionString: this.stack.services.postgres.url });
      await this.database.connect();
    }
    return (await this.database.query(text, parameters)).rows as R[];
  }

  async close(): Promise<void> {
    await this.database?.end();
  }
}

const subOf = (token: string): string => {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { sub: string }).sub;
};
