import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES, type IdentifierClass } from '@numbering/contracts';
import { parsePattern } from '@numbering/domain';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { Flag, Id, OneOf, Text } from '../http/fields';
import { OwnPageQuery } from '../http/page';
import { PriceShown } from '../numbers/number.answers';

/** Longer than any number, however it is written. */
const MAX_FORM_CHARS = 64;

/** A form that was left blank filters nothing. */
const BlankIsAll = () => Transform(({ value }) => (value === '' ? undefined : (value as unknown)));

const FLAGS: ReadonlyMap<unknown, boolean | undefined> = new Map([
  ['true', true],
  ['false', false],
  ['', undefined],
]);

const QueryFlag = (field: { description: string }) =>
  applyDecorators(
    Transform(({ value }) => (FLAGS.has(value) ? FLAGS.get(value) : (value as unknown))),
    Flag({ optional: true, ...field }),
  );

const Wildcards = () =>
  ValidateBy({
    name: 'isPattern',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && parsePattern(value) !== undefined,
      defaultMessage: () => '* stands at either end of a pattern and nowhere else',
    },
  });

/** What of the pool is looked for (ruling 40); the filters hold together. */
export class BrowseQuery extends OwnPageQuery {
  @BlankIsAll()
  @OneOf(IDENTIFIER_CLASSES, { optional: true })
  identifierClass?: IdentifierClass;

  @BlankIsAll()
  @Id({ optional: true, example: 'ROSHAN' })
  operatorId?: string;

  @BlankIsAll()
  @Text({
    optional: true,
    maxChars: MAX_FORM_CHARS,
    example: '+9379',
    description: 'A beginning of the number: +9379, 9379, an operator’s 79; 40; Bank',
  })
  prefix?: string;

  @BlankIsAll()
  @Wildcards()
  @Text({
    optional: true,
    maxChars: MAX_FORM_CHARS,
    example: 'BANK*',
    description: '* at either end is the only wildcard; alpha IDs are compared as they match',
  })
  pattern?: string;

  @QueryFlag({ description: 'Vanity-eligible or not; all where it is left out' })
  vanity?: boolean;
}

export class AvailableShown {
  @ApiProperty({ example: '+93790000001' }) identifier: string;
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty({ example: 'ROSHAN' }) operatorId: string;
  @ApiProperty() vanityEligible: boolean;
  @ApiPropertyOptional({
    type: PriceShown,
    nullable: true,
    description: 'For the tenant’s plan; null where the list has none',
  })
  price: PriceShown | null;
}
