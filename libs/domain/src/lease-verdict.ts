import type { InvalidReason } from '@numbering/contracts';

/**
 * What a validator knows of an identifier: facts, never a verdict, so that one entry serves every tenant at every
 * moment (ruling 10). Times are milliseconds since 1970 in the database's clock; absent members do not apply.
 */
export interface IdentifierFacts {
  /** As the ledger names it. */
  identifier: string;
  version: number;
  state: 'AVAILABLE' | 'RESERVED' | 'HELD' | 'LEASED' | 'SUSPENDED' | 'QUARANTINE' | 'RETIRED';
  tenantId?: string;
  leaseId?: string;
  /** RESERVED, HELD: the first moment at which the claim is nobody's. */
  expiresAtMs?: number;
  effectiveUntilMs?: number;
  /** The end of the grace, where the lease would have one. */
  graceUntilMs?: number;
  availableAtMs?: number;
  /** Why the quarantine began. */
  cause?: 'RECALL' | 'EXPIRY';
  validFromMs?: number;
}

/** What a validator knows of a tenant; one that nobody has told of is active, at version 0. */
export interface TenantStanding {
  tenantId: string;
  version: number;
  status: 'ACTIVE' | 'SUSPENDED';
}

export type Verdict =
  | { valid: true; leaseId: string; effectiveUntilMs: number; graceUntilMs?: number }
  | {
      valid: false;
      reason: InvalidReason;
      /** Only where the asking tenant holds the lease. */
      leaseId?: string;
      effectiveUntilMs?: number;
      graceUntilMs?: number;
    };

/**
 * US-NUM-002: may this tenant send as this identifier now? The reasons are judged in the order of ruling 9.
 * @param facts undefined for an identifier that is not in the ledger
 * @param nowMs the database's clock
 */
export function judge(
  facts: IdentifierFacts | undefined,
  standing: TenantStanding,
  nowMs: number,
): Verdict {
  if (facts === undefined || !inService(facts, nowMs)) return no('NOT_REGISTERED');
  const holder = holderNow(facts, nowMs);
  if (holder !== undefined && holder !== standing.tenantId) return no('WRONG_TENANT');
  const own = holder === undefined ? {} : ownLease(facts, nowMs);
  if (facts.state === 'SUSPENDED' || standing.status === 'SUSPENDED') {
    return { ...no('LEASE_SUSPENDED'), ...own };
  }
  if (facts.state === 'LEASED') {
    const { leaseId, effectiveUntilMs } = facts;
    const endMs = facts.graceUntilMs ?? effectiveUntilMs;
    if (leaseId === undefined || effectiveUntilMs === undefined || endMs === undefined) {
      throw new Error(`${facts.identifier} is LEASED without a lease`);
    }
    if (nowMs >= endMs) return { ...no('LEASE_EXPIRED'), ...own };
    return { valid: true, leaseId, effectiveUntilMs, ...own };
  }
  if (facts.state === 'QUARANTINE' && nowMs < (facts.availableAtMs ?? 0)) {
    return no(facts.cause === 'EXPIRY' ? 'LEASE_EXPIRED' : 'LEASE_RECALLED');
  }
  return no('NOT_LEASED');
}

const no = (reason: InvalidReason) => ({ valid: false, reason }) as const;

const inService = (facts: IdentifierFacts, nowMs: number): boolean =>
  facts.state !== 'RETIRED' && (facts.validFromMs === undefined || facts.validFromMs <= nowMs);

/** Whose it is now: a lapsed reservation or hold is nobody's; a lease is its tenant's until the expiry run. */
function holderNow(facts: IdentifierFacts, nowMs: number): string | undefined {
  const isClaim = facts.state === 'RESERVED' || facts.state === 'HELD';
  if (isClaim) return nowMs < (facts.expiresAtMs ?? 0) ? facts.tenantId : undefined;
  return facts.state === 'LEASED' || facts.state === 'SUSPENDED' ? facts.tenantId : undefined;
}

/** Lease, term and, once it has begun, grace: for the tenant that holds it and nobody else (ruling 12). */
function ownLease(facts: IdentifierFacts, nowMs: number) {
  if (facts.state !== 'LEASED' && facts.state !== 'SUSPENDED') return {};
  const { leaseId, effectiveUntilMs, graceUntilMs } = facts;
  const inGrace = effectiveUntilMs !== undefined && nowMs >= effectiveUntilMs;
  return {
    leaseId,
    effectiveUntilMs,
    ...(inGrace && graceUntilMs !== undefined ? { graceUntilMs } : {}),
  };
}
