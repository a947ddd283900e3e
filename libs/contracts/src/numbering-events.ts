// Every event that the service publishes, once: the types of its data and the schemas of
// GET /asyncapi.json are both made from what stands here.
import { z } from 'zod';
import { IDENTIFIER_CLASSES, PLANS, POOL_SEVERITIES, RECALL_REASONS } from './vocabulary';

const moment = (meaning: string) => z.iso.datetime().describe(`${meaning}; RFC 3339 in UTC`);
const id = (meaning: string) => z.uuid().describe(meaning);
const text = (meaning: string) => z.string().describe(meaning);
const count = (meaning: string) => z.int().min(0).describe(meaning);

const identifierClass = z.enum(IDENTIFIER_CLASSES);
const tenantId = text('Opaque; the token’s `tenant_id`');
const operatorId = text('Such as ROSHAN');
const availableAt = moment('When the cool-down ends, inclusive');
const effectiveUntil = moment('When the term ends, exclusive');
const why = text('As the officer who did it wrote it');

/** What the data of every identifier event carries beside its own members. */
const IDENTIFIER_EVENT_BASE = {
  identifier: text('As the service answers it: E.164, digits, or the alpha ID as registered'),
  identifierClass,
  identifierVersion: z
    .int()
    .min(1)
    .describe(
      'The identifier’s version after the change: grows by one with each event, none missing',
    ),
  tenantId: tenantId.optional(),
  leaseId: id('The claim: the same from its reservation to its end').optional(),
};

/** Own members of the events that tell of one identifier. */
const IDENTIFIER_EVENTS = {
  'numbering.reservation.held': z.object({
    kind: z.enum(['RESERVE', 'HOLD']),
    expiresAt: moment('When it lapses'),
  }),
  'numbering.reservation.released': z.object({
    reason: z.enum(['TTL_EXPIRED', 'TENANT_RELEASE', 'TENANT_SUSPENDED']),
  }),
  'numbering.lease.created': z.object({
    effectiveFrom: moment('When the term begins, inclusive'),
    effectiveUntil,
    autoRenew: z.boolean(),
    vanity: z.boolean(),
  }),
  'numbering.lease.renewed': z.object({
    historyLeaseId: id('The new term’s row in lease_history'),
    priorLeaseId: id('The row of the term before'),
    effectiveUntil,
  }),
  'numbering.lease.renewal_failed': z.object({
    reason: z.enum(['BILLING_REJECTED', 'TENANT_SUSPENDED']),
    graceUntil: moment('Until when the lease is valid all the same').optional(),
  }),
  'numbering.lease.renewal_reminder': z.object({
    graceUntil: moment('When the grace ends'),
    daysLeft: count('Days until then, rounded up'),
  }),
  'numbering.lease.expired': z.object({ effectiveUntil }),
  'numbering.lease.suspended': z.object({ reason: why }),
  'numbering.lease.resumed': z.object({ reason: why }),
  'numbering.lease.recalled': z.object({
    reason: z.enum(RECALL_REASONS),
    ticketId: text('Of REGULATOR_ORDER and ABUSE always').optional(),
    actorId: text('Who recalled'),
    availableAt,
  }),
  'numbering.identifier.quarantined': z.object({ availableAt }),
  'numbering.identifier.released': z.object({
    reason: z.enum(['COOL_DOWN_ENDED', 'ADMIN_OVERRIDE', 'NO_COOL_DOWN']),
  }),
  'numbering.identifier.retired': z.object({ reason: why }),
} as const;

const POOL = {
  operatorId,
  blockPrefix: text('A beginning of the numbers as written; `*`: all of the operator and class'),
  identifierClass,
  remaining: count('Numbers that can be claimed now'),
  remainingPercent: z
    .number()
    .min(0)
    .max(100)
    .describe('Of all numbers that are not retired; cut off after two decimals'),
  runbook: text('What to do: a page of the repository'),
};

/** Data of the events of blocks, tenants, pools and reports. */
const LEDGER_EVENTS = {
  'numbering.block.imported': z.object({
    operatorId,
    blockId: id('The block’s'),
    count: count('Identifiers inserted'),
    duplicates: count('Rows that were in the ledger or the file already'),
    invalid: count('Rows that were refused'),
  }),
  'numbering.block.rejected': z.object({
    operatorId,
    code: text('SIGNATURE_INVALID or INVALID_CSV'),
  }),
  'numbering.quota.changed': z.object({
    tenantId,
    plan: z.enum(PLANS),
    effective: z.object({
      MSISDN: count('Leases'),
      SHORT_CODE: count('Leases'),
      ALPHA: count('Leases'),
      maxActiveReservations: count('Reservations and holds'),
      maxHolds: count('Holds'),
    }),
    changedBy: text('The subject of who changed it'),
  }),
  'numbering.quota.exceeded': z.object({
    tenantId,
    identifierClass,
    quota: count('Leases that the tenant may have'),
    current: count('Leases that it has'),
  }),
  'numbering.pool.exhausted': z.object({
    ...POOL,
    severity: z.enum(POOL_SEVERITIES).describe('WARNING below 5 %, SEV1 below 1 %'),
  }),
  'numbering.pool.recovered': z.object({
    ...POOL,
    severity: z.literal('WARNING').nullable().describe('What still holds'),
    clearedSeverity: z.enum(POOL_SEVERITIES),
  }),
  'numbering.quarantine.override_report': z.object({
    date: z.iso.date().describe('The day, in UTC'),
    count: count('Cool-downs that were ended early on it'),
  }),
} as const;

export type IdentifierTopic = keyof typeof IDENTIFIER_EVENTS;
export type LedgerTopic = keyof typeof LEDGER_EVENTS;
export type PublishedTopic = IdentifierTopic | LedgerTopic;

/** Own members of an identifier event. */
export type IdentifierEventData<T extends IdentifierTopic> = z.infer<(typeof IDENTIFIER_EVENTS)[T]>;
export type LedgerEventData<T extends LedgerTopic> = z.infer<(typeof LEDGER_EVENTS)[T]>;

/** An identifier event as a decision returns it; identity and version are added where it is written. */
export type IdentifierEvent = {
  [T in IdentifierTopic]: { type: T; data: IdentifierEventData<T> };
}[IdentifierTopic];

/** A ledger event with its Kafka key (operator, tenant or date). */
export type LedgerEvent = {
  [T in LedgerTopic]: { type: T; key: string; data: LedgerEventData<T> };
}[LedgerTopic];

/** The whole data of a topic's events, as their messages carry it. */
export function publishedData(topic: PublishedTopic): z.ZodObject {
  if (!isIdentifierTopic(topic)) return LEDGER_EVENTS[topic];
  return z.object({ ...IDENTIFIER_EVENT_BASE, ...IDENTIFIER_EVENTS[topic].shape });
}

const isIdentifierTopic = (topic: PublishedTopic): topic is IdentifierTopic =>
  Object.hasOwn(IDENTIFIER_EVENTS, topic);

/** Topic → partitions. Topics of identifiers are keyed by identifier and spread; the rest are few and small. */
export const PUBLISHED_TOPICS: Readonly<Record<PublishedTopic, number>> = {
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
