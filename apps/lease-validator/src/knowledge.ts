import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  DEFAULT_POLICY,
  type IdentifierFacts,
  type ParsedIdentifier,
  type Policy,
  type TenantStanding,
} from '@numbering/domain';
import { FactCache, FactsStore } from '@numbering/persistence';
import { DatabaseClock, processLog, type Config } from '@numbering/platform';
import { FactChain } from './fact-chain';
import type { MemoryLimits } from './fact-memory';
import type { Ask } from './gather';
import { HeartbeatListener } from './heartbeat';
import { LeaseLookup } from './lease-lookup';
import { PostgresGate } from './postgres-gate';
import { PostgresLink } from './postgres-link';
import { RedisLink } from './redis-link';
import { Stores } from './stores';
import { Trust } from './trust';

/** About 500 bytes an entry, 100 a floor or an unknown one. */
const IDENTIFIERS: MemoryLimits = { entries: 200_000, floors: 200_000, unknown: 200_000 };
const TENANTS: MemoryLimits = { entries: 50_000, floors: 50_000, unknown: 1 };

/** Puts the chain together over the connections, and follows clock and heartbeat. */
@Injectable()
export class Knowledge implements OnApplicationShutdown {
  readonly lookup: LeaseLookup;
  readonly facts: FactsStore;
  private readonly clock: DatabaseClock;
  private readonly heartbeat: HeartbeatListener;

  constructor(
    config: Config,
    private readonly stores: Stores,
  ) {
    const log = processLog(config);
    const { dataSource, gate, reader, subscriber } = stores;
    this.facts = new FactsStore(dataSource, policyOf(config));
    this.clock = new DatabaseClock(() => this.facts.databaseTimeMs());
    const trust = new Trust(this.clock, config.leaseBlindTtlMs);
    const cache = new FactCache(gate);
    const postgres = { gate: new PostgresGate(log), ttlMs: config.leaseCacheTtlMs };
    const shared = { trust, clock: this.clock, log };
    const identifiers = new FactChain<ParsedIdentifier, IdentifierFacts>({
      ...shared,
      memory: IDENTIFIERS,
      redis: new RedisLink('i', cache, gate, log),
      postgres: new PostgresLink({ ...postgres, load: (asks) => this.facts.loadFacts(asks) }),
    });
    const tenants = new FactChain<Ask, TenantStanding>({
      ...shared,
      memory: TENANTS,
      redis: new RedisLink('t', cache, gate, log),
      postgres: new PostgresLink({
        ...postgres,
        load: (asks) => this.facts.loadStandings(asks.map((ask) => ask.matchKey)),
      }),
    });
    this.lookup = new LeaseLookup(identifiers, tenants, trust, this.clock);
    const memories = { i: identifiers.memory, t: tenants.memory };
    this.heartbeat = new HeartbeatListener({ subscriber, reader, trust, memories, log });
  }

  /** Resolves when calls may be taken, though a store may be away. */
  async open(): Promise<void> {
    await this.stores.open();
    this.heartbeat.start();
    await this.clock.start();
  }

  onApplicationShutdown(): void {
    this.clock.stop();
  }
}

/** Of the policy a validator needs the graces alone. */
const policyOf = (config: Config): Policy => ({
  ...DEFAULT_POLICY,
  vanityGraceMs: config.vanityGraceMs,
  renewalOutageGraceMs: config.renewalOutageGraceMs,
});
