import { z } from 'zod';
import { PLANS } from './vocabulary';

const tenantId = z.string().min(1).max(128);

/** What other teams tell us: plain JSON or the data of a CloudEvent. Unknown members are left alone. */
export const INBOUND_SCHEMAS = {
  'compliance.tenant.suspended': z.object({
    tenantId,
    ticketId: z.string().min(1).max(128).optional(),
    reason: z.string().max(500).optional(),
  }),
  'compliance.tenant.reinstated': z.object({ tenantId }),
  'billing.plan.changed': z.object({ tenantId, plan: z.enum(PLANS) }),
} as const;

export type InboundTopic = keyof typeof INBOUND_SCHEMAS;
export type InboundData<T extends InboundTopic> = z.infer<(typeof INBOUND_SCHEMAS)[T]>;

/** Topic → partitions; each has a dead-letter topic beside it. */
export const CONSUMED_TOPICS: Readonly<Record<InboundTopic, number>> = {
  'compliance.tenant.suspended': 3,
  'compliance.tenant.reinstated': 3,
  'billing.plan.changed': 3,
};
