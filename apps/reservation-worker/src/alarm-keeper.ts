import { randomUUID } from 'node:crypto';
import {
  ALL_ALARMS_KEY,
  claimKey,
  ClaimAlarms,
  DueStore,
  MISSED_ALARMS_KEY,
  type ClaimAlarmChanges,
  type LiveClaim,
} from '@numbering/persistence';
import type { ReconcilerStatus } from '@numbering/lifecycle';
import { sleepMs, type Log, type RedisClient, type RedisGate } from '@numbering/platform';
import type { DataSource } from 'typeorm';
import { ReconcilerLoop } from './reconciler-loop';

/** Looked at this often: two keys are read where all is well. */
const LOOK_EVERY_MS = 2_000;
const CLAIMS_A_PAGE = 1_000;
/** More live claims than this are left to poll and sweep. */
const MAX_PAGES = 5_000;
/** A page whose claims change faster than they are set is left to poll and sweep. */
const MAX_LOOKS_A_PAGE = 5;
/**
 * Who makes a claim remembers for which seconds there are jobs. What Redis has forgotten it goes on remembering, until the
 * second is over in which it made the last one: claims of that second are found the second time.
 */
const LOOK_AGAIN_AFTER_MS = 2_000;
const WHOLE = 'whole';
/** Who sets them holds the mark for this long: others leave it to them, and not to one that died. */
const ARMING_MS = 60_000;
/** A Redis that was emptied meanwhile has no mark any more: what was set is not all. */
const MARK_WHOLE_IF_OURS = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('SET', KEYS[1], ARGV[2]) end
return false`;

/**
 * Keeps the alarm clocks of reservations and holds where Redis forgets: emptied, started anew, or away while claims were
 * made. All of them are set again from Postgres, which alone knows what lives (ruling 34); where one process alone was
 * without Redis, those that it missed. Promptness only: poll and sweep release without them.
 */
export class AlarmKeeper {
  private readonly loop: ReconcilerLoop;
  /** The connection was lost: Redis may have been started anew, whatever the mark says. */
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
      if (isUp) void this.loop.ring('redis');
    });
    // What only stood still has lost nothing, and who missed it tells what; what was started anew may have lost its last
    // second, though the mark is older.
    this.redis.on('close', () => (this.isOwed = true));
    this.loop.every(LOOK_EVERY_MS, 'period');
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async run(signal?: AbortSignal): Promise<ReconcilerStatus> {
    // A connection that waits would wait for the end of the outage.
    if (!this.gate.isUp) return statusOf(0);
    const mine = randomUUID();
    const isMissing = await this.redis.set(ALL_ALARMS_KEY, mine, 'PX', ARMING_MS, 'NX');
    if (!isMissing && !this.isOwed) return statusOf(await this.armMissed(signal));
    if (!isMissing) await this.redis.set(ALL_ALARMS_KEY, mine, 'PX', ARMING_MS);
    this.isOwed = false; // An outage that begins from here on is another one.
    try {
      const armed = await this.armAll(signal);
      await sleepMs(LOOK_AGAIN_AFTER_MS, signal);
      await this.armAll(signal);
      await this.redis.eval(MARK_WHOLE_IF_OURS, 1, ALL_ALARMS_KEY, mine, WHOLE);
      if (armed > 0)
        this.log.info({ claims: armed }, 'the alarms of all live claims are set again');
      return statusOf(armed);
    } catch (error) {
      this.isOwed = true;
      if (signal?.aborted) return statusOf(0);
      throw error;
    }
  }

  /** What a process that had no Redis for a while has told of since. */
  private async armMissed(signal?: AbortSignal): Promise<number> {
    let armed = 0;
    for (let page = 0; page < MAX_PAGES && !signal?.aborted; page++) {
      const names = await this.redis.spop(MISSED_ALARMS_KEY, CLAIMS_A_PAGE);
      if (names.length === 0) break;
      try {
        await this.arm(await this.changesOf(names));
      } catch (error) {
        await this.redis.sadd(MISSED_ALARMS_KEY, ...names);
        throw error;
      }
      armed += names.length;
    }
    return armed;
  }

  /** The key of each number as its claim is; none where it has none. */
  private async changesOf(names: readonly string[]): Promise<ClaimAlarmChanges> {
    const set = await this.due.claimsOn(this.dataSource.manager, names);
    const claimed = new Set(set.map(({ identifier }) => identifier));
    const clear = await Promise.all(
      names
        .filter((identifier) => !claimed.has(identifier))
        .map(async (identifier) => {
          const leaseId = (await this.redis.get(claimKey(identifier))) ?? '';
          return { identifier, leaseId };
        }),
    );
    return { set, clear: clear.filter(({ leaseId }) => leaseId !== '') };
  }

  private async armAll(signal?: AbortSignal): Promise<number> {
    let armed = 0;
    let last: LiveClaim | undefined;
    for (let page = 0; page < MAX_PAGES && !signal?.aborted; page++) {
      const claims = await this.due.liveClaims(this.dataSource.manager, last, CLAIMS_A_PAGE);
      await this.arm({ set: claims, clear: [] });
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
  private async arm(first: ClaimAlarmChanges): Promise<void> {
    let changes = first;
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

const statusOf = (armed: number): ReconcilerStatus => ({ scanned: armed, changed: 0, failed: 0 });
