import { randomUUID } from 'node:crypto';
import {
  ClaimAlarms,
  DueStore,
  type ClaimAlarmChanges,
  type LiveClaim,
} from '@numbering/persistence';
import type { ReconcilerStatus } from '@numbering/lifecycle';
import type { Log, RedisClient, RedisGate } from '@numbering/platform';
import type { DataSource } from 'typeorm';
import { ReconcilerLoop } from './reconciler-loop';

/** Looked at this often: one read of one key where all is well. */
const LOOK_EVERY_MS = 2_000;
const CLAIMS_A_PAGE = 1_000;
/** More live claims than this are left to poll and sweep. */
const MAX_PAGES = 5_000;
/** A page whose claims change faster than they are set is left to poll and sweep. */
const MAX_LOOKS_A_PAGE = 5;
/** There while Redis has the alarms; gone with them when it is emptied or starts anew. */
const MARK = 'num:alarms';
const WHOLE = 'whole';
/** Who sets them holds the mark for this long: others leave it to them, and not to one that died. */
const ARMING_MS = 60_000;
/** A Redis that was emptied meanwhile has no mark any more: what was set is not all. */
const MARK_WHOLE_IF_OURS = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('SET', KEYS[1], ARGV[2]) end
return false`;

/**
 * Keeps the alarm clocks of reservations and holds where Redis forgets: emptied, started anew, or away while claims were
 * made. All of them are set again from Postgres, which alone knows what lives (ruling 34). Promptness only: poll and
 * sweep release without them.
 */
export class AlarmKeeper {
  private readonly loop: ReconcilerLoop;
  /** Redis was away: claims made meanwhile have no alarms, whatever the mark says. */
  private isOwed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly due: DueStore,
    private readonly alarms: ClaimAlarms,
    private readonly redis: RedisClient,
    private readonly gate: RedisGate,
    private readonly log: Log,
  ) {
    this.loop = new ReconcilerLoop('keep-alarms', { run: (signal) => this.run(signal) }, log);
  }

  start(): void {
    this.gate.onStateChange((isUp) => {
      if (!isUp) this.isOwed = true;
      else void this.loop.ring('redis');
    });
    // A restart may be over before the gate has noticed it.
    this.redis.on('close', () => (this.isOwed = true));
    this.loop.every(LOOK_EVERY_MS, 'period');
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    // A connection that waits would wait for the end of the outage.
    if (!this.gate.isUp) return NOTHING;
    const mine = randomUUID();
    const isMissing = await this.redis.set(MARK, mine, 'PX', ARMING_MS, 'NX');
    if (!isMissing && !this.isOwed) return NOTHING;
    if (!isMissing) await this.redis.set(MARK, mine, 'PX', ARMING_MS);
    const armed = await this.armAll(signal);
    const isWhole = await this.redis.eval(MARK_WHOLE_IF_OURS, 1, MARK, mine, WHOLE);
    if (isWhole) this.isOwed = false;
    if (armed > 0) this.log.info({ claims: armed }, 'the alarms of all live claims are set again');
    return { scanned: armed, changed: 0, failed: 0 };
  }

  private async armAll(signal?: AbortSignal): Promise<number> {
    let armed = 0;
    let last: LiveClaim | undefined;
    for (let page = 0; page < MAX_PAGES && !signal?.aborted; page++) {
      const claims = await this.due.liveClaims(this.dataSource.manager, last, CLAIMS_A_PAGE);
      await this.arm(claims);
      armed += claims.length;
      last = claims.at(-1);
      if (claims.length < CLAIMS_A_PAGE) break;
    }
    return armed;
  }

  /**
   * Writes, then looks whether it is still so. Who changes a claim writes its alarm after the commit: what is found
   * unchanged after we wrote is overwritten by every later change, and what has changed meanwhile is written again.
   */
  private async arm(claims: readonly LiveClaim[]): Promise<void> {
    let changes: ClaimAlarmChanges = { set: claims, clear: [] };
    for (let look = 0; look < MAX_LOOKS_A_PAGE && !isEmpty(changes); look++) {
      await this.alarms.rearm(this.redis, changes);
      const written = changes;
      const names = [...written.set, ...written.clear].map(({ identifier }) => identifier);
      changes = difference(written, await this.due.claimsOn(this.dataSource.manager, names));
    }
  }
}

const isEmpty = ({ set, clear }: ClaimAlarmChanges): boolean => set.length + clear.length === 0;

/** From the alarms that were written to what stands now. */
function difference(written: ClaimAlarmChanges, standing: readonly LiveClaim[]): ClaimAlarmChanges {
  const before = new Map(written.set.map((claim) => [claim.identifier, claim]));
  const now = new Map(standing.map((claim) => [claim.identifier, claim]));
  return {
    set: standing.filter(({ identifier, leaseId, expiresAt }) => {
      const old = before.get(identifier);
      return old?.leaseId !== leaseId || old.expiresAt.getTime() !== expiresAt.getTime();
    }),
    clear: written.set.filter(
      ({ identifier, leaseId }) => now.get(identifier)?.leaseId !== leaseId,
    ),
  };
}

const NOTHING: ReconcilerStatus = { scanned: 0, changed: 0, failed: 0 };
