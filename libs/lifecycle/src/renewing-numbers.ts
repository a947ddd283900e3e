import { Injectable } from '@nestjs/common';
import {
  isRunning,
  priceOf,
  type Price,
  type RenewingTenant,
  type RunningNumber,
} from '@numbering/domain';
import {
  NumberStore,
  PriceStore,
  readBatch,
  RenewalStore,
  TenantStore,
  type DueBatch,
} from '@numbering/persistence';
import type { EntityManager } from 'typeorm';

/** Who stands in the audit rows of renewals. */
export const RENEWAL_ACTOR = 'system:renewal';
/** How long a batch waits for a number that somebody holds; then it is the next run's. */
const NUMBER_PATIENCE_MS = 700;

/** Numbers of a batch, locked, with what a decision about their renewal may know. */
export interface RenewingBatch {
  found: DueBatch;
  locked: ReadonlySet<string>;
  /** @throws for a number that is none of the batch */
  factsOf: (number: RunningNumber) => { tenant: RenewingTenant; price: Price | null };
}

/** Locks the numbers of a renewal batch and reads them, their tenants and what they pay. */
@Injectable()
export class RenewingNumbers {
  constructor(
    private readonly numbers: NumberStore,
    private readonly tenants: TenantStore,
    private readonly prices: PriceStore,
    private readonly renewals: RenewalStore,
  ) {}

  /** @param holdsTenants whether nobody may be suspended until the commit: what is only told need not keep claims up */
  async load(
    manager: EntityManager,
    identifiers: readonly string[],
    { holdsTenants }: { holdsTenants: boolean },
  ): Promise<RenewingBatch> {
    const versions = await this.numbers.lockWithin(manager, identifiers, NUMBER_PATIENCE_MS);
    const locked = new Set(versions.keys());
    const found = await readBatch(manager, [...locked]);
    const running = found.numbers.filter(isRunning);
    const tenantIds = [...new Set(running.map(({ lease }) => lease.tenantId))];
    if (holdsTenants) await this.renewals.holdTenants(manager, tenantIds);
    const { byId, now } = await this.tenants.findAll(manager, tenantIds);
    const list = await this.prices.list(manager);
    const held = identifiers.filter((identifier) => !locked.has(identifier));
    return {
      found: {
        numbers: found.numbers,
        broken: [...found.broken, ...held.map((identifier) => ({ identifier, error: HELD }))],
        now: now > found.now ? now : found.now,
      },
      locked,
      factsOf: ({ lease, identifierClass }) => {
        const tenant = byId.get(lease.tenantId);
        if (!tenant) throw new Error(`the tenant of lease ${lease.leaseId} was not read`);
        return { tenant, price: priceOf(list, tenant.plan, identifierClass, lease.vanity) };
      },
    };
  }
}

const HELD = new Error('another transaction holds the number; the next run comes back to it');
