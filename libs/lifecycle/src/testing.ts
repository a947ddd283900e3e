import { Test, type TestingModule } from '@nestjs/testing';
import type { Caller, ParsedIdentifier, Term } from '@numbering/domain';
import { isRefusal, parseIdentifier, parseTerm } from '@numbering/domain';
import { loadConfig } from '@numbering/platform';
import {
  testDatabase,
  testRedis,
  unpromisedEvents,
  type TestDatabase,
  type TestRedis,
} from '@numbering/testing';
import { DataSource } from 'typeorm';
import { LifecycleModule } from './lifecycle.module';
import { isRefused, type CommandContext, type Outcome } from './outcome';
import { RegisterIdentifiers } from './register-identifiers';

/** The lifecycle on a database and a Redis of its own, without a door. */
export interface Ledger {
  module: TestingModule;
  database: TestDatabase;
  redis: TestRedis;
  source: DataSource;
  /** Fresh numbers, registered. */
  numbers: (count: number, options?: { from?: number; validFrom?: string }) => Promise<string[]>;
  /** @throws where an event was written that is not as it is promised */
  close: () => Promise<void>;
}

export async function openLedger(environment: Record<string, string> = {}): Promise<Ledger> {
  const database = await testDatabase();
  const redis = await testRedis();
  const config = loadConfig(
    {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      BILLING_URL: 'http://127.0.0.1:1',
      LOG_LEVEL: 'silent',
      ...environment,
    },
    'reservation-worker',
  );
  const module = await Test.createTestingModule({
    imports: [LifecycleModule.forRoot(config)],
  }).compile();
  module.enableShutdownHooks([]);
  await module.init();
  const source = module.get(DataSource);
  let next = 1;
  const numbers: Ledger['numbers'] = async (count, { from, validFrom } = {}) => {
    const first = from ?? next;
    next = Math.max(next, first + count);
    const made = Array.from(
      { length: count },
      (_, i) => `+9379${String(first + i).padStart(7, '0')}`,
    );
    const identifiers = made.map((identifier) => ({ identifier, operatorId: 'ROSHAN', validFrom }));
    answerOf(await module.get(RegisterIdentifiers).run(by('system:test'), { identifiers }));
    return made;
  };
  return {
    module,
    database,
    redis,
    source,
    numbers,
    close: async () => {
      const unpromised = await unpromisedEvents((text) => source.query(text));
      await module.close();
      await redis.stop();
      await database.drop();
      expect(unpromised).toEqual([]);
    },
  };
}

const TENANT_SCOPES = ['numbering:read', 'numbering:write'];

/** A tenant's user. */
export const tenantCaller = (tenantId: string, ...more: string[]): Caller => ({
  sub: `user-${tenantId}`,
  tenantId,
  scopes: new Set([...TENANT_SCOPES, ...more]),
});

export const adminCaller = (sub = 'admin-1'): Caller => ({
  sub,
  scopes: new Set(['numbering:read', 'numbering:write', 'numbering:admin', 'numbering:compliance']),
});

export const as = (
  caller: Caller,
  idempotencyKey?: string,
  fingerprint = 'same',
): CommandContext => ({
  caller,
  requestId: 'test-request',
  idempotency: idempotencyKey
    ? { owner: caller.tenantId ?? caller.sub, key: idempotencyKey, fingerprint }
    : undefined,
});

const by = (sub: string): CommandContext => ({ caller: adminCaller(sub) });

export function answerOf<A>(outcome: Outcome<A>): A {
  if (isRefused(outcome)) throw new Error(`${outcome.refusal.code}: ${outcome.refusal.detail}`);
  return outcome.answer;
}

export function codeOf(outcome: Outcome<unknown>): string {
  if (!isRefused(outcome)) throw new Error('not refused');
  return outcome.refusal.code;
}

export function parsed(text: string): ParsedIdentifier {
  const read = parseIdentifier(text);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
}

export function termOf(written: string, vanity = false): Term {
  const read = parseTerm(written, vanity);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
}
