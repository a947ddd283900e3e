// What a validator knows, and how fresh that is: the contract of the cache.
//
// What is kept: facts, never a verdict. Of an identifier whose it is, in what state, until when;
// of a tenant whether it stands. One entry serves every tenant at every moment, because tenant and
// time are judged on each call, against a clock that follows the database's.
//
// By which key: identifiers by their match key (alpha IDs in lower case without spaces), tenants
// by their id, in Redis under an epoch that changes whenever Redis may have lost something. Each
// entry has the version of its subject and the moment at which it ends: after LEASE_CACHE_TTL
// (60 s at most) less a jitter, counted from before it was read. Memory inherits that moment.
//
// How stale at most: 700 ms (TRUST_MS). The evictor tells of every committed change, and then says
// by a heartbeat up to when all is told. While the last heartbeat is younger than that, memory and
// Redis answer; else Postgres does. Within that bound, what was heard of or answered from is a
// floor: an answer of an older version is never given again. A tombstone in Redis holds the same
// against slow readers of other replicas.
//
// Unknown identifiers are remembered in this process only, bounded, until the ledger's next
// generation: anybody can invent them by the thousand.
//
// When a part fails:
//   evictor away        no heartbeat: Postgres answers
//   Redis away          at first memory, after 700 ms Postgres; 25 ms at most are lost a call, and
//                       nothing while the breaker is open
//   Redis back, empty   a new epoch; memory becomes floors; it fills again
//   Postgres away       the evictor fails too, so after 700 ms nothing is trusted: UNAVAILABLE,
//                       unless LEASE_BLIND_TTL lets facts of the last heartbeat answer for so long
//   a message lost      the count in the next heartbeat tells; memory becomes floors
// What is not known for certain is never `valid`.
import type { IdentifierFacts, ParsedIdentifier, TenantStanding } from '@numbering/domain';
import { StoreUnavailable, withinMs, TimedOut, type DatabaseClock } from '@numbering/platform';
import type { FactChain, Found } from './fact-chain';
import { PATHS, type FactMemory, type Path } from './fact-memory';
import type { Ask } from './gather';
import type { Trust } from './trust';

/** How long one subject may be looked up, reads that are tried again included. */
const LOOKUP_LIMIT_MS = 2_000;
/**
 * A change that is heard of while something else is waited for has its subject looked up again: of a
 * large batch under constant change nearly always one, each time for as long as one read takes.
 */
const MAX_ROUNDS = 10;

export interface Question {
  identifier: ParsedIdentifier;
  tenantId: string;
}

/** All that a verdict needs, as of `nowMs` (the database's clock). */
export interface Looked {
  facts: IdentifierFacts | undefined;
  standing: TenantStanding;
  path: Path;
}

type Part<F> = Found<F> & { key: string };
type Parts = [Part<IdentifierFacts>, Part<TenantStanding>];

export class LeaseLookup {
  constructor(
    private readonly identifiers: FactChain<ParsedIdentifier, IdentifierFacts>,
    private readonly tenants: FactChain<Ask, TenantStanding>,
    private readonly trust: Trust,
    private readonly clock: DatabaseClock,
  ) {}

  /** The database's clock in Unix milliseconds. Throws `StoreUnavailable` before it is known. */
  nowMs(): number {
    return this.clock.nowMs();
  }

  /** Whether memory and Redis may answer now. */
  get isTrusted(): boolean {
    return this.trustedNowMs() !== undefined;
  }

  /** The moment as of which memory may answer; undefined where it may not. */
  trustedNowMs(): number | undefined {
    if (!this.clock.isKnown) return undefined;
    const nowMs = this.clock.nowMs();
    return this.trust.isYoung(nowMs) ? nowMs : undefined;
  }

  /**
   * At once, from memory; undefined where memory does not know.
   * @param nowMs of `trustedNowMs`, taken in this turn of the event loop
   */
  recall(question: Question, nowMs: number): Looked | undefined {
    const facts = this.identifiers.memory.get(question.identifier.matchKey, nowMs);
    if (facts === undefined) return undefined;
    const standing = this.tenants.memory.get(question.tenantId, nowMs);
    if (standing?.facts === undefined) return undefined;
    return { facts: facts.facts, standing: standing.facts, path: 'memory' };
  }

  /**
   * From wherever it is known, in the order of the questions. Throws `StoreUnavailable` where no
   * store that may answer does.
   */
  async find(questions: readonly Question[]): Promise<Looked[]> {
    const parts = await Promise.all(questions.map((question) => this.findOne(question)));
    // While some are waited for, others may change: those are looked at again.
    for (let rounds = 1; rounds < MAX_ROUNDS; rounds++) {
      const old = [...parts.keys()].filter((at) => this.isOld(parts[at]));
      if (old.length === 0) return parts.map(([facts, standing]) => lookedOf(facts, standing));
      await Promise.all(
        old.map(async (at) => {
          const question = questions[at];
          if (question) parts[at] = await this.findOne(question);
        }),
      );
    }
    throw new StoreUnavailable('postgres', new Error('it changes faster than it can be read'));
  }

  private isOld(parts: Parts | undefined): boolean {
    if (!parts) return false;
    const [facts, standing] = parts;
    return (
      facts.known.version < this.identifiers.memory.floorOf(facts.key) ||
      standing.known.version < this.tenants.memory.floorOf(standing.key)
    );
  }

  private findOne({ identifier, tenantId }: Question): Promise<Parts> {
    return Promise.all([
      this.part(this.identifiers, identifier),
      this.part(this.tenants, { matchKey: tenantId }),
    ]);
  }

  private async part<A extends Ask, F extends { version: number }>(
    chain: FactChain<A, F>,
    ask: A,
  ): Promise<Part<F>> {
    const key = ask.matchKey;
    const nowMs = this.trustedNowMs();
    const known = nowMs === undefined ? undefined : chain.memory.get(key, nowMs);
    if (known) return { key, known, path: 'memory' };
    try {
      return { key, ...(await withinMs(LOOKUP_LIMIT_MS, chain.ask(ask))) };
    } catch (error) {
      const isAway = error instanceof StoreUnavailable || error instanceof TimedOut;
      const blind = isAway ? this.blind(chain.memory, key) : undefined;
      if (blind) return { key, ...blind };
      throw error instanceof TimedOut ? new StoreUnavailable('postgres', error) : error;
    }
  }

  /** What the last heartbeat vouched for, where an owner lets it answer (by default: not). */
  private blind<F>(memory: FactMemory<F>, key: string): Found<F> | undefined {
    if (!this.clock.isKnown) return undefined;
    const sinceMs = this.trust.blindSinceMs(this.clock.nowMs());
    const known = sinceMs === undefined ? undefined : memory.get(key, sinceMs);
    return known && { known, path: 'memory' };
  }
}

function lookedOf(facts: Part<IdentifierFacts>, standing: Part<TenantStanding>): Looked {
  if (standing.known.facts === undefined) throw new Error('every tenant has a standing');
  // The worse of the two.
  const worse = Math.max(PATHS.indexOf(facts.path), PATHS.indexOf(standing.path));
  return {
    facts: facts.known.facts,
    standing: standing.known.facts,
    path: PATHS[worse] ?? 'redis_down',
  };
}
