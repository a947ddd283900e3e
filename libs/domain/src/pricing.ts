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

/**
 * What a number in the pool is quoted at: the vanity tier where it would be leased as vanity, which only an eligible
 * short code can be.
 */
export const quoteOf = (
  list: readonly PriceRow[],
  plan: Plan,
  {
    identifierClass,
    vanityEligible,
  }: { identifierClass: IdentifierClass; vanityEligible: boolean },
): Price | null =>
  priceOf(list, plan, identifierClass, vanityEligible && identifierClass === 'SHORT_CODE');

/** What a row of the list is known by: it has one price. */
export const priceKey = (row: Pick<PriceRow, 'plan' | 'identifierClass' | 'vanity'>): string =>
  `${row.plan} ${row.identifierClass} ${row.vanity}`;
