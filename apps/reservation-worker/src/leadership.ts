import { randomUUID } from 'node:crypto';
import { LeaderStore, type Leader } from '@numbering/persistence';
import { gauge, monotonicMs, sleepMs, withinMs, type Log } from '@numbering/platform';
import type { DataSource } from 'typeorm';
import { OutageLog } from './outage-log';

export const RELAY_ROLE = 'outbox-relay';

/** How long a holder that says nothing keeps the role. */
const TERM_MS = 3_000;
const RENEW_EVERY_MS = TERM_MS / 3;
/** A renewal that takes longer says nothing certain any more. */
const RENEW_TIMEOUT_MS = RENEW_EVERY_MS;
const RELEASE_TIMEOUT_MS = 1_000;

/**
 * Holds a role for this process while it can, or waits for it. Between two renewals it trusts the
 * monotonic clock alone, counted from before the renewal was asked for: a process that was frozen
 * finds its term over by itself when it goes on.
 */
export class Leadership {
  readonly leader: Leader;
  private readonly isLeader = gauge('num_outbox_leader');
  private readonly stopping = new AbortController();
  private readonly outage: OutageLog;
  private heldUntilMs = 0;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: LeaderStore,
    private readonly log: Log,
    role = RELAY_ROLE,
  ) {
    this.leader = { role, holder: randomUUID() };
    this.outage = new OutageLog(log, `the renewal of ${role}`);
  }

  get isHolder(): boolean {
    return monotonicMs() < this.heldUntilMs;
  }

  /** @param onTaken called when the role has become this process's */
  start(onTaken: () => void): void {
    this.loop = this.keepRenewing(onTaken);
  }

  /** Gives the role up, so that another process takes it at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    this.heldUntilMs = 0;
    this.isLeader.set(0);
    const release = this.store.release(this.dataSource.manager, this.leader);
    // Without Postgres the deadline does it.
    await withinMs(RELEASE_TIMEOUT_MS, release).catch(() => undefined);
  }

  private async keepRenewing(onTaken: () => void): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const held = this.isHolder;
      await this.renew();
      if (this.isHolder && !held) {
        this.log.info(this.leader, 'this process holds the role now');
        onTaken();
      }
      if (held && !this.isHolder) this.log.warn(this.leader, 'this process has lost the role');
      this.isLeader.set(this.isHolder ? 1 : 0);
      await sleepMs(RENEW_EVERY_MS, signal).catch(() => undefined);
    }
  }

  private async renew(): Promise<void> {
    const askedAtMs = monotonicMs();
    try {
      const renewal = this.store.takeOrRenew(this.dataSource.manager, this.leader, TERM_MS);
      const isHeld = await withinMs(RENEW_TIMEOUT_MS, renewal);
      this.heldUntilMs = isHeld ? askedAtMs + TERM_MS : 0;
      this.outage.worked();
    } catch (error) {
      this.outage.failed(error); // What was held stays held until its deadline.
    }
  }
}
