import type { IdentifierClass, Plan } from '@numbering/contracts';

/** In minor units of the currency. */
export interface Price {
  setup: number;
  monthly: number;
  currency: string;
}

export interface PriceRow extends Price {
  plan: Plan;
  identifierClass: IdentifierClass;
  vanity: boolean;
}

/** The price of an identifier for a tenant: by plan, class and vanity tier (US-NUM-012, US-NUM-014). */
export function priceOf(
  list: readonly PriceRow[],
  plan: Plan,
  identifierClass: IdentifierClass,
  vanity: boolean,
): Price | null {
  const row = list.find(
    (each) =>
      each.plan === plan && each.identifierClass === identifierClass && each.vanity === vanity,
  );
  return row ? { setup: row.setup, monthly: row.monthly, currency: row.currency } : null;
}
