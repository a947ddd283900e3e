import { Body, Controller, Get, Inject, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { priceKey } from '@numbering/domain';
import { ChangePrices, type CommandContext } from '@numbering/lifecycle';
import { PriceStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { Command } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { About, Answers, Changes, pageOf } from '../../http/openapi';
import { PageQuery, Pages } from '../../http/page';
import { PriceItem, PricesBody, PricesShown } from './prices.dto';

/** US-NUM-014: what numbers cost, by plan, class and vanity tier. */
@ApiTags('admin: prices')
@Controller('v1/admin/numbering/prices')
export class PricesController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly prices: PriceStore,
    private readonly pages: Pages,
    private readonly changePrices: ChangePrices,
  ) {}

  @About('Prices', 'US-NUM-014: by plan, class and vanity tier, in minor units.')
  @Get()
  @Needs(ADMINS)
  @Answers(pageOf(PriceItem), 'INVALID_CURSOR')
  list(@Query() query: PageQuery) {
    return this.pages.of(
      ['prices'],
      query,
      async (limit, [lastKey] = []) => {
        const all = await this.prices.list(this.source.manager);
        const from = all.findIndex((row) => priceKey(row) === lastKey) + 1;
        return all.slice(from, from + limit);
      },
      (row) => [priceKey(row)],
    );
  }

  /** Sets the prices that are named; counts at once for what is leased and browsed from then on. */
  @About(
    'Set the prices that are named',
    'Counts at once for what is leased and browsed from then on; a lease keeps its price.',
  )
  @Put()
  @Needs(ADMINS)
  @Changes(200, PricesShown)
  put(@Command() context: CommandContext, @Body() { items }: PricesBody) {
    return this.changePrices.run(context, items);
  }
}
