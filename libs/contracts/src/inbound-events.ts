import { z } from 'zod';
import { PLANS } from './vocabulary';

/** As long as an id or a text may be in a call that says the same. */
const MAX_ID_CHARS = 255;
const MAX_REASON_CHARS = 2_000;

/** What Postgres can keep: no NUL, no half of a surrogate pair. */
const keepable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** An opaque id that others made up. */
const inboundId = z
  .string()
  .max(MAX_ID_CHARS)
  .refine((text) => text.trim() !== '' && keepable(text), 'is blank, or has what no text may have');

/** What may be left out: null and blank say as little as nothing. */
const optionalText = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .refine(keepable, 'has what no text may have')
    .nullish()
    .transform((text) => (text?.trim() ? text : undefined));

/** A number is taken too: some teams count their events. */
const eventId = z.union([inboundId, z.number().int()]).transform(String);
const time = z.iso.datetime({ offset: true }).transform((written) => new Date(written));

/** The facts beside the data of a CloudEvent: its envelope, or its headers where the value is the data. */
export const INBOUND_CLOUD_EVENT = z.object({
  specversion: z.literal('1.0'),
  id: eventId,
  time: time.optional(),
});
/** The same beside the data of plain JSON. */
export const INBOUND_PLAIN = z.object({
  id: eventId.optional(),
  eventId: eventId.optional(),
  time: time.optional(),
});

/** What other teams tell us: plain JSON or the data of a CloudEvent. Unknown members are left alone. */
export const INBOUND_SCHEMAS = {
  'compliance.tenant.suspended': z.object({
    tenantId: inboundId,
    ticketId: optionalText(MAX_ID_CHARS),
    reason: optionalText(MAX_REASON_CHARS),
  }),
  'compliance.tenant.reinstated': z.object({ tenantId: inboundId }),
  'billing.plan.changed': z.object({ tenantId: inboundId, plan: z.enum(PLANS) }),
} as const;

export type InboundTopic = keyof typeof INBOUND_SCHEMAS;
export type InboundData<T extends InboundTopic> = z.infer<(typeof INBOUND_SCHEMAS)[T]>;

/** Topic → partitions; each has a dead-letter topic beside it. */
export const CONSUMED_TOPICS: Readonly<Record<InboundTopic, number>> = {
  'compliance.tenant.suspended': 3,
  'compliance.tenant.reinstated': 3,
  'billing.plan.changed': 3,
};
