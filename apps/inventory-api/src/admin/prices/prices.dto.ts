import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES, PLANS, type IdentifierClass, type Plan } from '@numbering/contracts';
import { priceKey, type PriceRow } from '@numbering/domain';
import { ArrayUnique, IsIn } from 'class-validator';
import { Count, Flag, Items, OneOf } from '../../http/fields';

const TIERS = 2;
const MAX_PRICES = PLANS.length * IDENTIFIER_CLASSES.length * TIERS;
/** ISO 4217, as far as this runtime knows it. */
const CURRENCIES = Intl.supportedValuesOf('currency');

const Currency = () =>
  applyDecorators(
    IsIn(CURRENCIES, { message: 'a currency of ISO 4217 is wanted, such as AFN' }),
    ApiProperty({ example: 'AFN', description: 'ISO 4217' }),
  );

/** What one class of numbers costs on one plan. */
export class PriceItem implements PriceRow {
  @OneOf(PLANS) plan: Plan;
  @OneOf(IDENTIFIER_CLASSES) identifierClass: IdentifierClass;
  @Flag({ description: 'What a vanity lease costs; only short codes are leased as vanity' })
  vanity: boolean;
  @Count({ description: 'Once, in minor units' }) setup: number;
  @Count({ description: 'A month, in minor units' }) monthly: number;
  @Currency() currency: string;
}

const keyOf = (item: PriceItem | null): string => (item ? priceKey(item) : '');

export class PricesBody {
  @Items(PriceItem, { max: MAX_PRICES }, { description: 'Those that are not named stay' })
  @ArrayUnique<PriceItem>(keyOf, { message: 'a price is named twice' })
  items: PriceItem[];
}

export class PricesShown {
  @ApiProperty({ type: [PriceItem], description: 'All of them' }) items: PriceItem[];
}
