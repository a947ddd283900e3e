import { Inject, Injectable } from '@nestjs/common';
import { isOfficer, type Caller } from '@numbering/domain';
import { CONFIG } from '@numbering/lifecycle';
import { RateWindows } from '@numbering/persistence';
import {
  counter,
  gauge,
  processLog,
  RedisGate,
  StoreUnavailable,
  type Config,
} from '@numbering/platform';
import { Permits, type Permit } from './permits';
import { Problem } from './problem';

/** Browsing has a limit of its own; every other call of a tenant counts against the other (ruling 41). */
export type LimitName = 'browse' | 'tenant';

type Headers = Readonly<Record<string, string>>;
const NONE: Headers = {};
const SECOND_MS = 1_000;
/** Ruling 41: a window opens with its first call and lasts so long. */
const WINDOW_SECONDS = 60;

/**
 * How many calls a tenant has, whatever its tokens and however many replicas there are. Admins and compliance officers
 * are not limited, nor is who has no tenant. Whatever a tenant is answered counts, but for 401, of which nobody knows
 * whose it is.
 */
@Injectable()
export class RateLimits {
  private readonly quotas: Readonly<Record<LimitName, number>>;
  private readonly limits: Readonly<Record<LimitName, Permits>>;
  private readonly refused = counter('num_rate_limited_total');
  private readonly isAlone = gauge('num_rate_limits_local');

  constructor(@Inject(CONFIG) config: Config, gate: RedisGate) {
    const shared = new RateWindows(gate);
    const log = processLog(config);
    this.isAlone.set(0);
    // Also where nobody calls: it is over when Redis is back, not with the next question.
    gate.onStateChange((isUp) => isUp && this.isAlone.set(0));
    const onCounted = (whyAlone?: unknown): void => {
      this.isAlone.set(whyAlone === undefined ? 0 : 1);
      const isOutage = whyAlone instanceof StoreUnavailable; // The gate logs it itself.
      if (whyAlone !== undefined && !isOutage) {
        log.error({ err: whyAlone }, 'rate limits are counted by this process alone');
      }
    };
    this.quotas = { browse: config.rateLimitPerMinute, tenant: config.rateLimitOtherPerMinute };
    const permits = (name: LimitName) => {
      const limit = { name, quota: this.quotas[name], windowMs: WINDOW_SECONDS * SECOND_MS };
      return new Permits(limit, shared, onCounted);
    };
    this.limits = { browse: permits('browse'), tenant: permits('tenant') };
    for (const limit of ['browse', 'tenant']) this.refused.inc({ limit }, 0);
  }

  /**
   * Counts one call.
   * @param tell given the headers that its answer has, whatever it will be
   * @throws Problem RATE_LIMITED
   */
  async count(caller: Caller, name: LimitName, tell: (headers: Headers) => void): Promise<void> {
    if (caller.tenantId === undefined || isOfficer(caller)) return tell(NONE);
    const quota = this.quotas[name];
    const permit = await this.limits[name].take(caller.tenantId);
    const headers = headersOf(name, quota, permit);
    tell(headers);
    if (permit.isGranted) return;
    this.refused.inc({ limit: name });
    const detail = `More than ${quota} calls in ${WINDOW_SECONDS} s: ask again after Retry-After`;
    const retryAfter = Math.max(1, secondsOf(permit));
    throw new Problem('RATE_LIMITED', detail, {}, { ...headers, 'Retry-After': `${retryAfter}` });
  }
}

const headersOf = (name: LimitName, quota: number, permit: Permit): Headers => ({
  'RateLimit-Policy': `"${name}";q=${quota};w=${WINDOW_SECONDS}`,
  RateLimit: `"${name}";r=${permit.left};t=${secondsOf(permit)}`,
});

const secondsOf = ({ endsInMs }: Permit): number => Math.ceil(endsInMs / SECOND_MS);
