import { judge, parseIdentifier, type Verdict } from '@numbering/domain';
import {
  appDataSource,
  EvictionPass,
  EvictionStore,
  type Eviction,
  FactCache,
} from '@numbering/persistence';
import { loadConfig, patientRedis, type Config, type RedisClient } from '@numbering/platform';
import { eventually, testRedis, type TestRedis } from '@numbering/testing';
import type { DataSource } from 'typeorm';
import type { Path } from '../fact-memory';
import { Knowledge } from '../knowledge';
import { LedgerFixture } from './ledger';
import type { Looked, Question } from '../lease-lookup';
import { Stores } from '../stores';

/** For a machine that has other things to do. */
const PATIENCE = { withinMs: 20_000 };

export type Told = Verdict & { path: Path };

/** A validator of a test's own: what a process knows, without its doors. */
export interface Validator {
  knowledge: Knowledge;
  /** As the doors do: from memory at once, else from where it is known. */
  ask: (identifier: string, tenantId: string) => Promise<Told>;
  close: () => Promise<void>;
}

export const questionFor = (identifier: string, tenantId: string): Question => {
  const parsed = parseIdentifier(identifier);
  if ('code' in parsed) throw new Error(parsed.detail);
  return { identifier: parsed, tenantId };
};

/** A real ledger, a real Redis, and an evictor that passes when told to, or all the time. */
export class Rig {
  private readonly closing: (() => Promise<void>)[] = [];
  private running: { stopped: boolean; done: Promise<void> } | undefined;

  private constructor(
    readonly ledger: LedgerFixture,
    readonly redis: TestRedis,
    readonly env: Readonly<Record<string, string>>,
    private readonly pass: EvictionPass,
    readonly evictorRedis: RedisClient,
  ) {}

  static async open(env: Readonly<Record<string, string>> = {}): Promise<Rig> {
    const ledger = await LedgerFixture.open();
    const redis = await testRedis();
    const all = {
      DATABASE_URL: ledger.database.url,
      REDIS_URL: redis.url,
      GRPC_AUTH: 'none',
      LOG_LEVEL: 'silent',
      PORT: '0',
      GRPC_PORT: '0',
      ...env,
    };
    const source = await sourceOf(ledger.database.url);
    const evictorRedis = patientRedis(loadConfig(all, 'lease-validator'));
    const pass = new EvictionPass(new EvictionStore(source), evictorRedis);
    const rig = new Rig(ledger, redis, all, pass, evictorRedis);
    rig.closing.push(async () => {
      evictorRedis.disconnect();
      await source.destroy();
    });
    return rig;
  }

  config(env: Readonly<Record<string, string>> = {}): Config {
    return loadConfig({ ...this.env, ...env }, 'lease-validator');
  }

  async validator(env: Readonly<Record<string, string>> = {}): Promise<Validator> {
    const config = this.config(env);
    const stores = new Stores(config);
    const knowledge = new Knowledge(config, stores);
    await knowledge.open();
    const validator: Validator = {
      knowledge,
      ask: (identifier, tenantId) => ask(knowledge, questionFor(identifier, tenantId)),
      close: async () => {
        knowledge.onApplicationShutdown();
        await stores.onApplicationShutdown();
      },
    };
    this.closing.push(() => validator.close());
    return validator;
  }

  /** One pass of the evictor. */
  async evict(): Promise<void> {
    await eventually(() => this.pass.run(), PATIENCE);
  }

  /** Passes as an app's evictor does, until `cutEvictor`. */
  startEvictor(): void {
    const running = { stopped: false, done: Promise.resolve() };
    running.done = (async () => {
      while (!running.stopped) {
        await this.pass.run().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    this.running = running;
  }

  async cutEvictor(): Promise<void> {
    if (!this.running) return;
    this.running.stopped = true;
    await this.running.done;
    this.running = undefined;
  }

  /** Passes until the validator believes its caches. */
  async trusted(validator: Validator): Promise<void> {
    await eventually(async () => {
      if (!this.running) await this.pass.run();
      if (!validator.knowledge.lookup.isTrusted) throw new Error('no young heartbeat');
    }, PATIENCE);
  }

  /** As a writer does after its commit. */
  async writerEvicts(changes: readonly Eviction[]): Promise<void> {
    const cache = new FactCache({ run: (call) => call(this.evictorRedis) });
    await cache.evict(changes);
  }

  async close(): Promise<void> {
    await this.cutEvictor();
    for (const close of this.closing.reverse()) await close();
    await this.redis.stop();
    await this.ledger.close();
  }
}

/** As the doors look up: from memory at once, else from where it is known. */
export async function look({ lookup }: Knowledge, question: Question): Promise<Looked> {
  const nowMs = lookup.trustedNowMs();
  const recalled = nowMs === undefined ? undefined : lookup.recall(question, nowMs);
  const looked = recalled ?? (await lookup.find([question]))[0];
  if (!looked) throw new Error('a question was left without a look-up');
  return looked;
}

async function ask(knowledge: Knowledge, question: Question): Promise<Told> {
  const { facts, standing, path } = await look(knowledge, question);
  return { ...judge(facts, standing, knowledge.lookup.nowMs()), path };
}

async function sourceOf(databaseUrl: string): Promise<DataSource> {
  const source = appDataSource({
    databaseUrl,
    app: 'evictor-of-a-test',
    poolSize: 2,
    queryTimeoutMs: 2_000,
    connectTimeoutMs: 2_000,
  });
  return source.initialize();
}
