import { PLANS, type Plan } from '@numbering/contracts';
import type { QuotaOverrides } from '@numbering/domain';
import {
  processLog,
  StoreUnavailable,
  type Config,
  type Log,
  type RedisGate,
} from '@numbering/platform';
import { z } from 'zod';
import { PUT_IF_NEWER } from './fact-cache-scripts';

/** What a tenant may have, and the version of plan and own quotas that says so. */
export interface KnownQuotas {
  tenantId: string;
  version: number;
  plan: Plan;
  /** null: the plan's. */
  own: QuotaOverrides;
}

export const quotaKey = (tenantId: string): string => `num:quota:${tenantId}`;

const own = z.number().int().min(0).nullable();
const KEPT = z.object({
  v: z.number().int(),
  plan: z.enum(PLANS),
  own: z.object({
    MSISDN: own,
    SHORT_CODE: own,
    ALPHA: own,
    maxActiveReservations: own,
    maxHolds: own,
  }),
});

/**
 * The Redis copy of `numbering.tenant_quotas` (US-NUM-011): `num:quota:{tenantId}` for `QUOTA_CACHE_TTL`, five minutes.
 * A hint (ruling 33): no claim is decided by it, and whoever reads it asks Postgres for the version beside it. A change
 * writes the new quotas in place of the old ones, after its commit, so every replica has them at once; they go in only
 * if newer than what is there, so a slow reader puts nothing older back. No call fails: without Redis there is no copy.
 */
export class QuotaCache {
  private readonly log: Log;

  constructor(
    private readonly config: Config,
    private readonly gate: Pick<RedisGate, 'run'>,
  ) {
    this.log = processLog(config);
  }

  /** @returns undefined where there is no copy, none that can be read, or no Redis */
  async read(tenantId: string): Promise<KnownQuotas | undefined> {
    const text = await this.tried(() => this.gate.run((redis) => redis.get(quotaKey(tenantId))));
    const kept = typeof text === 'string' ? KEPT.safeParse(jsonOf(text)).data : undefined;
    return kept && { tenantId, version: kept.v, plan: kept.plan, own: kept.own };
  }

  async keep({ tenantId, version, ...quotas }: KnownQuotas): Promise<void> {
    const { plan, own } = quotas;
    const text = JSON.stringify({ v: version, plan, own });
    await this.tried(() =>
      this.gate.run((redis) =>
        PUT_IF_NEWER.run(redis, [quotaKey(tenantId)], [version, text, this.config.quotaCacheTtlMs]),
      ),
    );
  }

  private async tried<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      // The gate has told of an outage.
      if (!(error instanceof StoreUnavailable)) {
        this.log.warn({ err: error }, 'the copy of a tenant’s quotas was not read or kept');
      }
      return undefined;
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not ours: Postgres knows better.
  }
}
