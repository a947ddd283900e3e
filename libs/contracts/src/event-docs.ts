// What /asyncapi.json says of each topic beside its schema: when it is told, and one example.
import type { InboundTopic } from './inbound-events';
import type {
  IdentifierEventData,
  IdentifierTopic,
  LedgerEventData,
  LedgerTopic,
} from './numbering-events';

type Docs<Data> = { summary: string; key: string; example: Data };

const NUMBER = 'The identifier';
const OPERATOR = 'The operator’s id';
const TENANT = 'The tenant’s id';
const TERM_END = '2027-03-01T09:30:00.000Z';
const COOL_DOWN_END = '2026-05-30T09:30:00.000Z';
const IN_A_LEASE = { leaseId: 'b0f5f9c2-8f6e-4b57-9a39-3f0f9d4f2c11', tenantId: 'acme' };

/** The members that every example of an identifier event has beside its own. */
export const EXAMPLE_IDENTIFIER = {
  identifier: '+93790000001',
  identifierClass: 'MSISDN',
  identifierVersion: 4,
  ...IN_A_LEASE,
} as const;

export const IDENTIFIER_DOCS: {
  [T in IdentifierTopic]: Docs<IdentifierEventData<T>>;
} = {
  'numbering.reservation.held': {
    summary:
      'A tenant has reserved a number, or promoted its reservation to a hold (US-NUM-007, 008)',
    key: NUMBER,
    example: { kind: 'RESERVE', expiresAt: '2026-03-01T09:45:00.000Z' },
  },
  'numbering.reservation.released': {
    summary:
      'A reservation or hold is over: it lapsed, or was given back or taken (US-NUM-009, 010)',
    key: NUMBER,
    example: { reason: 'TTL_EXPIRED' },
  },
  'numbering.lease.created': {
    summary: 'A tenant may send as the number from now on (US-NUM-003, 012)',
    key: NUMBER,
    example: {
      effectiveFrom: '2026-03-01T09:30:00.000Z',
      effectiveUntil: TERM_END,
      autoRenew: true,
      vanity: false,
    },
  },
  'numbering.lease.renewed': {
    summary: 'A lease has another term, from its old end (US-NUM-005)',
    key: NUMBER,
    example: {
      historyLeaseId: '51b1e4b4-50c9-4a8e-8f0a-6a1a3c0f2f10',
      priorLeaseId: IN_A_LEASE.leaseId,
      effectiveUntil: TERM_END,
    },
  },
  'numbering.lease.renewal_failed': {
    summary: 'A lease was not renewed: billing said no, or its tenant is suspended (US-NUM-005)',
    key: NUMBER,
    example: { reason: 'BILLING_REJECTED' },
  },
  'numbering.lease.renewal_reminder': {
    summary: 'A vanity lease is in its grace; told each UTC day (US-NUM-012)',
    key: NUMBER,
    example: { graceUntil: '2027-03-15T09:30:00.000Z', daysLeft: 13 },
  },
  'numbering.lease.expired': {
    summary:
      'A lease has come to its end; a cool-down follows where the class has one (US-NUM-005)',
    key: NUMBER,
    example: { effectiveUntil: TERM_END },
  },
  'numbering.lease.suspended': {
    summary: 'An admin has suspended a lease: its tenant may not send (ruling 26)',
    key: NUMBER,
    example: { reason: 'Complaint 4711 is looked into' },
  },
  'numbering.lease.resumed': {
    summary: 'A suspended lease is valid again (ruling 26)',
    key: NUMBER,
    example: { reason: 'Complaint 4711 was unfounded' },
  },
  'numbering.lease.recalled': {
    summary: 'A lease was ended before its time (US-NUM-004)',
    key: NUMBER,
    example: {
      reason: 'ABUSE',
      ticketId: 'T-4711',
      actorId: 'admin',
      availableAt: COOL_DOWN_END,
    },
  },
  'numbering.identifier.quarantined': {
    summary: 'The cool-down after a lease has begun (US-NUM-004, 006)',
    key: NUMBER,
    example: { availableAt: COOL_DOWN_END },
  },
  'numbering.identifier.released': {
    summary: 'A cool-down is over, or there was none: the number can be claimed (US-NUM-006)',
    key: NUMBER,
    example: { reason: 'COOL_DOWN_ENDED' },
  },
  'numbering.identifier.retired': {
    summary: 'A number is withdrawn for good',
    key: NUMBER,
    example: { reason: 'Given back to the operator' },
  },
};

const POOL = {
  operatorId: 'ROSHAN',
  blockPrefix: '+9379',
  identifierClass: 'MSISDN',
  runbook: 'docs/runbooks/mno-block-order.md',
} as const;

export const LEDGER_DOCS: { [T in LedgerTopic]: Docs<LedgerEventData<T>> } = {
  'numbering.block.imported': {
    summary: 'A block of numbers was imported or registered (US-NUM-001)',
    key: OPERATOR,
    example: {
      operatorId: 'ROSHAN',
      blockId: '0f2b9a52-7d0c-4f0e-9a0c-9c1b6a3d7e55',
      count: 10_000,
      duplicates: 2,
      invalid: 1,
    },
  },
  'numbering.block.rejected': {
    summary: 'A file was refused whole: its signature or its form (US-NUM-001)',
    key: OPERATOR,
    example: { operatorId: 'ROSHAN', code: 'SIGNATURE_INVALID' },
  },
  'numbering.quota.changed': {
    summary: 'A tenant’s plan or quotas have changed, whoever changed them (US-NUM-011)',
    key: TENANT,
    example: {
      tenantId: 'acme',
      plan: 'business',
      effective: { MSISDN: 100, SHORT_CODE: 5, ALPHA: 10, maxActiveReservations: 50, maxHolds: 25 },
      changedBy: 'admin',
    },
  },
  'numbering.quota.exceeded': {
    summary: 'A lease was renewed above the quota: a warning (US-NUM-005)',
    key: TENANT,
    example: { tenantId: 'acme', identifierClass: 'MSISDN', quota: 10, current: 12 },
  },
  'numbering.pool.exhausted': {
    summary: 'A pool came below 5 % or 1 % (US-NUM-013)',
    key: OPERATOR,
    example: { ...POOL, remaining: 420, remainingPercent: 4.2, severity: 'WARNING' },
  },
  'numbering.pool.recovered': {
    summary: 'A pool came back above 6 % or 1.5 % (US-NUM-013)',
    key: OPERATOR,
    example: {
      ...POOL,
      remaining: 10_420,
      remainingPercent: 52.1,
      severity: null,
      clearedSeverity: 'WARNING',
    },
  },
  'numbering.quarantine.override_report': {
    summary: 'How many cool-downs were ended early on the day before (US-NUM-006)',
    key: 'The date',
    example: { date: '2026-02-28', count: 2 },
  },
};

export const INBOUND_DOCS: { [T in InboundTopic]: Docs<Readonly<Record<string, string>>> } = {
  'compliance.tenant.suspended': {
    summary:
      'All that the tenant has is recalled or released, under the event’s ticket (US-NUM-004)',
    key: TENANT,
    example: { tenantId: 'acme', ticketId: 'C-1204', reason: 'Phishing' },
  },
  'compliance.tenant.reinstated': {
    summary: 'The tenant may claim again; what is left of a cascade stops (ruling 25)',
    key: TENANT,
    example: { tenantId: 'acme' },
  },
  'billing.plan.changed': {
    summary: 'The tenant has another plan, and its quotas at once (US-NUM-011)',
    key: TENANT,
    example: { tenantId: 'acme', plan: 'business' },
  },
};
