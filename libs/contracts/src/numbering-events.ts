import type { IdentifierClass, Plan, PoolSeverity, RecallReason } from './vocabulary';

/** What the data of every identifier event carries beside its own members. */
export interface IdentifierEventBase {
  identifier: string;
  identifierClass: IdentifierClass;
  /** The identifier's version after the change; grows by one with each event. */
  identifierVersion: number;
  tenantId?: string;
  leaseId?: string;
}

/** Own members of the events that tell of one identifier. Times are RFC 3339 UTC. */
export interface IdentifierEvents {
  'numbering.reservation.held': { kind: 'RESERVE' | 'HOLD'; expiresAt: string };
  'numbering.reservation.released': {
    reason: 'TTL_EXPIRED' | 'TENANT_RELEASE' | 'TENANT_SUSPENDED';
  };
  'numbering.lease.created': {
    effectiveFrom: string;
    effectiveUntil: string;
    autoRenew: boolean;
    vanity: boolean;
  };
  'numbering.lease.renewed': {
    historyLeaseId: string;
    priorLeaseId: string;
    effectiveUntil: string;
  };
  'numbering.lease.renewal_failed': {
    reason: 'BILLING_REJECTED' | 'TENANT_SUSPENDED';
    graceUntil?: string;
  };
  'numbering.lease.renewal_reminder': { graceUntil: string; daysLeft: number };
  'numbering.lease.expired': { effectiveUntil: string };
  'numbering.lease.suspended': { reason: string };
  'numbering.lease.resumed': { reason: string };
  'numbering.lease.recalled': {
    reason: RecallReason;
    ticketId?: string;
    actorId: string;
    availableAt: string;
  };
  'numbering.identifier.quarantined': { availableAt: string };
  'numbering.identifier.released': {
    reason: 'COOL_DOWN_ENDED' | 'ADMIN_OVERRIDE' | 'NO_COOL_DOWN';
  };
  'numbering.identifier.retired': { reason: string };
}

/** Data of the events of blocks, tenants, pools and reports. */
export interface LedgerEvents {
  'numbering.block.imported': {
    operatorId: string;
    blockId: string;
    /** Identifiers inserted. */
    count: number;
    duplicates: number;
    invalid: number;
  };
  'numbering.block.rejected': { operatorId: string; code: string };
  'numbering.quota.changed': {
    tenantId: string;
    plan: Plan;
    effective: Record<string, number>;
    changedBy: string;
  };
  'numbering.quota.exceeded': {
    tenantId: string;
    identifierClass: IdentifierClass;
    quota: number;
    current: number;
  };
  /** A pool came below a threshold (ruling 38). */
  'numbering.pool.exhausted': PoolEvent & { severity: PoolSeverity };
  /** A pool came back; `severity` is what still holds of it. */
  'numbering.pool.recovered': PoolEvent & {
    severity: 'WARNING' | null;
    clearedSeverity: PoolSeverity;
  };
  'numbering.quarantine.override_report': { date: string; count: number };
}

interface PoolEvent {
  operatorId: string;
  blockPrefix: string;
  identifierClass: IdentifierClass;
  /** Numbers that can be claimed now. */
  remaining: number;
  /** Of all numbers that are not retired; cut off after two decimals. */
  remainingPercent: number;
  /** What to do: a page of this repository. */
  runbook: string;
}

export type IdentifierTopic = keyof IdentifierEvents;
export type LedgerTopic = keyof LedgerEvents;

/** An identifier event as a decision returns it; identity and version are added where it is written. */
export type IdentifierEvent = {
  [T in IdentifierTopic]: { type: T; data: IdentifierEvents[T] };
}[IdentifierTopic];

/** A ledger event with its Kafka key (operator, tenant or date). */
export type LedgerEvent = {
  [T in LedgerTopic]: { type: T; key: string; data: LedgerEvents[T] };
}[LedgerTopic];

/** Topic → partitions. Topics of identifiers are keyed by identifier and spread; the rest are few and small. */
export const PUBLISHED_TOPICS: Readonly<Record<IdentifierTopic | LedgerTopic, number>> = {
  'numbering.reservation.held': 6,
  'numbering.reservation.released': 6,
  'numbering.lease.created': 6,
  'numbering.lease.renewed': 6,
  'numbering.lease.renewal_failed': 6,
  'numbering.lease.renewal_reminder': 6,
  'numbering.lease.expired': 6,
  'numbering.lease.suspended': 6,
  'numbering.lease.resumed': 6,
  'numbering.lease.recalled': 6,
  'numbering.identifier.quarantined': 6,
  'numbering.identifier.released': 6,
  'numbering.identifier.retired': 6,
  'numbering.block.imported': 3,
  'numbering.block.rejected': 3,
  'numbering.quota.changed': 3,
  'numbering.quota.exceeded': 3,
  'numbering.pool.exhausted': 1,
  'numbering.pool.recovered': 1,
  'numbering.quarantine.override_report': 1,
};
