import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { parsePattern, quoteOf, wantedForms, type Caller } from '@numbering/domain';
import {
  AvailableNumbersList,
  PriceStore,
  type BrowseTerms,
  type ListPosition,
} from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { AskedBy, ownTenantId } from '../http/asked';
import { Needs, READERS } from '../http/auth.guard';
import { About, Answers, pageOf } from '../http/openapi';
import { Pages } from '../http/page';
import { validationFailed } from '../http/problem';
import { AvailableShown, BrowseQuery } from './browse.dto';

/** US-NUM-014: the pool, as a tenant may claim from it, at its prices. */
@ApiTags('numbers')
@Controller('v1/numbers/available')
export class BrowseController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly available: AvailableNumbersList,
    private readonly prices: PriceStore,
    private readonly pages: Pages,
  ) {}

  /**
   * By class and normal form. A page may have fewer items than its limit, or none, before the end:
   * what is looked for within numbers is looked for piece by piece. `nextPage` is null at the end.
   */
  @About(
    'Numbers that can be claimed, with prices',
    'US-NUM-014: filtered by class, operator, prefix, pattern and vanity, by class and normal form, priced for the tenant’s plan. Operators outside the tenant’s allowlist list nothing. A page may have fewer items than its limit, or none, before the end: `nextPage` alone tells it. 60 calls a minute for a tenant (ruling 41).',
  )
  @Get()
  @Needs(READERS, { limit: 'browse' })
  @Answers(pageOf(AvailableShown), 'TENANT_MISMATCH', 'INVALID_CURSOR')
  async list(@AskedBy() caller: Caller, @Query() query: BrowseQuery) {
    const { identifierClass, operatorId, prefix, pattern, vanity } = query;
    // Whoever has no tenant sees the pool as one that nobody told us about would.
    const tenantId =
      query.tenantId === undefined ? caller.tenantId : ownTenantId(caller, query.tenantId);
    const { manager } = this.source;
    const [terms, prices] = await Promise.all([
      this.available.termsOf(manager, tenantId),
      this.prices.list(manager),
    ]);
    const filter = {
      forms: wantedForms({
        identifierClass,
        prefix,
        pattern: pattern === undefined ? undefined : parsePattern(pattern),
      }),
      operatorIds: operatorsOf(terms, operatorId),
      vanityEligible: vanity,
    };
    const { items, nextPage } = await this.pages.endingWhere(
      ['available', tenantId, identifierClass, operatorId, prefix, pattern, vanity],
      query,
      (limit, after) =>
        this.available.page(manager, filter, limit, after as ListPosition | undefined),
    );
    const { plan } = terms;
    return {
      items: items.map((number) => ({ ...number, price: quoteOf(prices, plan, number) })),
      nextPage,
    };
  }
}

/** Of an operator outside the allowlist nothing is listed (ruling 40). @throws Problem for one that there is not */
function operatorsOf({ operatorIds, operatorAllowlist }: BrowseTerms, asked?: string): string[] {
  if (asked !== undefined && !operatorIds.includes(asked)) {
    const message = `${JSON.stringify(asked)} is no operator`;
    throw validationFailed([{ field: 'operatorId', code: 'UNKNOWN_OPERATOR', message }]);
  }
  return operatorIds.filter(
    (each) =>
      (operatorAllowlist?.includes(each) ?? true) && (asked === undefined || each === asked),
  );
}
