import { Inject, Injectable } from '@nestjs/common';
import type { NumberRecord, Step } from '@numbering/domain';
import {
  ClaimAlarms,
  FactCache,
  OutboxWake,
  QuotaCache,
  evictionOf,
  type ClaimAlarmChanges,
  type Eviction,
  type LedgerRecord,
} from '@numbering/persistence';
import {
  isRedisUnavailable,
  processLog,
  StoreUnavailable,
  type Config,
  type Log,
} from '@numbering/platform';
import { CONFIG } from './tokens';

/**
 * What follows a commit, best effort (ruling 34): the claims' alarm clocks, the validators' evictions, the copies of
 * quotas, the relay's wake-up. None of it is the truth, none of it fails the command; sweep and evictor repair what is lost here.
 */
@Injectable()
export class AfterCommit {
  private readonly log: Log;

  constructor(
    private readonly alarms: ClaimAlarms,
    private readonly facts: FactCache,
    private readonly quotas: QuotaCache,
    private readonly wake: OutboxWake,
    @Inject(CONFIG) config: Config,
  ) {
    this.log = processLog(config);
  }

  async announce(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return;
    await Promise.all([
      this.alarms.apply(alarmsOf(steps)),
      this.evict(evictionsOf(steps)),
      this.wake.ring(),
    ]);
  }

  /** Of acts that move no number. */
  async announceRecords(records: readonly LedgerRecord[]): Promise<void> {
    if (records.length === 0) return;
    const evictions = records.flatMap(({ evicts }) =>
      evicts ? (evictionOf(evicts.subject, evicts.key, evicts.version) ?? []) : [],
    );
    const renewed = records.flatMap(({ renews }) => renews ?? []);
    await Promise.all([
      this.evict(evictions),
      ...renewed.map((quotas) => this.quotas.keep(quotas)),
      this.wake.ring(),
    ]);
  }

  /**
   * Never fails a command that has committed. Redis away: the gate has logged it, no validator trusts its cache, and
   * the evictor comes to it later.
   */
  private async evict(evictions: Eviction[]): Promise<void> {
    if (evictions.length === 0) return;
    try {
      await this.facts.evict(evictions);
    } catch (error) {
      if (isRedisUnavailable(error) || error instanceof StoreUnavailable) return;
      this.log.error({ err: error }, 'an eviction failed; the evictor repeats it');
    }
  }
}

/** The last claim of each number decides: a lapse and a reservation in one transaction leave one alarm. */
function alarmsOf(steps: readonly Step[]): ClaimAlarmChanges {
  const set = new Map<string, ClaimAlarmChanges['set'][number]>();
  const clear = new Map<string, ClaimAlarmChanges['clear'][number]>();
  for (const { after, claim } of steps) {
    const { identifier } = after;
    if (claim?.kind === 'OPEN_RESERVATION' || claim?.kind === 'HOLD') {
      const { leaseId, expiresAt } = claim.claim;
      const ttlMs = expiresAt.getTime() - after.changedAt.getTime();
      set.set(identifier, { identifier, leaseId, expiresAt, ttlMs });
    } else if (claim?.kind === 'LEASE') {
      clear.set(identifier, { identifier, leaseId: claim.lease.leaseId });
    } else if (claim?.kind === 'END' && !claim.wasLease) {
      clear.set(identifier, { identifier, leaseId: claim.leaseId });
    }
  }
  return { set: [...set.values()], clear: [...clear.values()] };
}

function evictionsOf(steps: readonly Step[]): Eviction[] {
  const last = new Map<string, NumberRecord>();
  for (const { after } of steps) last.set(after.identifier, after);
  return [...last.values()].map(({ identifier, version }) => ({
    kind: 'i',
    key: identifier,
    version,
  }));
}
