import type { Policy, Quotas } from './policy';
import type { Step } from './number-state';
import type { Refusal } from './refusal';
import type { Plan } from '@numbering/contracts';

/** What a command comes to: steps and an answer, or a refusal that changes nothing. */
export type Decision<A> = Decided<A> | Refusal;

export interface Decided<A> {
  /** In version order per identifier; empty where nothing was to do. */
  steps: readonly Step[];
  answer: A;
}

/** What a decision may know beside the number and the ask. */
export interface Facts {
  /** The database's clock, read after the locks. */
  now: Date;
  policy: Policy;
}

/** Facts of a claim: also whose it would be. */
export interface ClaimFacts extends Facts {
  tenant: TenantFacts;
  /** For a claim that opens: its id, should it win. */
  newLeaseId: string;
  /** Until when this tenant may not have this number again (ruling 22). */
  barredUntil?: Date;
}

export interface TenantFacts {
  tenantId: string;
  plan: Plan;
  status: 'ACTIVE' | 'SUSPENDED';
  /** null: all operators; []: none. */
  operatorAllowlist: readonly string[] | null;
  /** The plan's, overridden by the tenant's own. */
  quotas: Quotas;
  use: TenantUse;
}

export interface TenantUse {
  /** Leases by class: LEASED, SUSPENDED and in grace. */
  leases: Readonly<Record<'MSISDN' | 'SHORT_CODE' | 'ALPHA', number>>;
  /** RESERVED and HELD that have not lapsed. */
  activeReservations: number;
  /** HELD that have not lapsed. */
  holds: number;
}

/** A rule says why not, or nothing. Each decision lists its rules in the order in which they are told (ruling 17). */
export type Rule<C> = (context: C) => Refusal | undefined;

export function firstRefusal<C>(rules: readonly Rule<C>[], context: C): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule(context);
    if (refusal) return refusal;
  }
  return undefined;
}
