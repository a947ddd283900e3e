import { z } from 'zod';
import type { IdentifierClass } from './vocabulary';

/** What billing is asked before a lease is renewed; from and until are the new term's, RFC 3339 UTC. */
export interface RenewalQuestion {
  leaseId: string;
  tenantId: string;
  identifier: string;
  identifierClass: IdentifierClass;
  vanity: boolean;
  term: string;
  effectiveFrom: string;
  effectiveUntil: string;
  /** In minor units; null where the price list has no such row. */
  price: { setup: number; monthly: number; currency: string } | null;
}

/** An approval; anything else with a status of success is no answer. */
export const RENEWAL_APPROVAL = z.object({
  approved: z.literal(true),
  reference: z.string().max(255).optional(),
});
