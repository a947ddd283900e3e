import type { TenantFacts, TenantUse } from './decision';
import type { Step } from './number-state';

/**
 * What a tenant uses once these steps are taken: the next decision of the same transaction sees it, so that quotas hold
 * among commands that are carried out together (ruling 33). A claim that lapsed was not counted and is not given back.
 */
export function useAfter(tenant: TenantFacts, steps: readonly Step[]): TenantFacts {
  return { ...tenant, use: steps.reduce((use, step) => afterStep(use, step, tenant), tenant.use) };
}

function afterStep(use: TenantUse, step: Step, { tenantId }: TenantFacts): TenantUse {
  const { claim } = step;
  switch (claim?.kind) {
    case 'OPEN_RESERVATION':
      return claim.claim.tenantId === tenantId ? changed(use, step, { reservations: 1 }) : use;
    case 'HOLD':
      return claim.claim.tenantId === tenantId ? changed(use, step, { holds: 1 }) : use;
    case 'OPEN_LEASE':
      return claim.lease.tenantId === tenantId ? changed(use, step, { leases: 1 }) : use;
    case 'LEASE':
      return claim.lease.tenantId === tenantId
        ? changed(use, step, { leases: 1, ...given(step) })
        : use;
    case 'END':
      if (claim.tenantId !== tenantId || claim.state === 'TTL_EXPIRED') return use;
      return changed(use, step, claim.wasLease ? { leases: -1 } : given(step));
    case 'MARK':
    case 'RENEW':
    case 'RENEWAL_TOLD':
    case undefined:
      return use;
  }
}

/** What the end of a reservation or hold gives back. */
const given = ({ before }: Step) => ({ reservations: -1, holds: before.state === 'HELD' ? -1 : 0 });

function changed(
  use: TenantUse,
  { before }: Step,
  by: { reservations?: number; holds?: number; leases?: number },
): TenantUse {
  const leasesOfClass = use.leases[before.identifierClass] + (by.leases ?? 0);
  return {
    leases: { ...use.leases, [before.identifierClass]: leasesOfClass },
    activeReservations: use.activeReservations + (by.reservations ?? 0),
    holds: use.holds + (by.holds ?? 0),
  };
}
