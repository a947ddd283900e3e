// The kinds of members that bodies and queries have: each says once what is taken and how /docs
// shows it.
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

interface Field {
  description?: string;
  example?: unknown;
  optional?: boolean;
  nullable?: boolean;
}

export const MAX_ID_CHARS = 255;
const MAX_TEXT_CHARS = 2_000;
/** As far as a column of the ledger counts. */
const MAX_COUNT = 1_000_000_000;

/** Left out where it may be; null only where null says something. */
const presence = ({ optional, nullable }: Field) =>
  optional || nullable
    ? [
        ValidateIf((_, value) => {
          const isLeftOut = optional === true && value === undefined;
          return !isLeftOut && !(nullable === true && value === null);
        }),
      ]
    : [];

const shown = ({ description, example, optional, nullable }: Field, more: ApiPropertyOptions) =>
  ApiProperty({
    ...more,
    description,
    example,
    required: !optional,
    ...(nullable ? { nullable: true } : {}),
  } as ApiPropertyOptions);

/** Text that Postgres can keep: no NUL, no half of a surrogate pair. */
export const isText = (value: unknown, minChars: number, maxChars: number): value is string =>
  typeof value === 'string' &&
  value.trim().length >= minChars &&
  value.length <= maxChars &&
  !value.includes('\0') &&
  value.isWellFormed();

export const IsText = (minChars: number, maxChars: number, each = false) =>
  ValidateBy(
    {
      name: 'isText',
      validator: {
        validate: (value: unknown) => isText(value, minChars, maxChars),
        defaultMessage: () => `a text of ${minChars} to ${maxChars} characters is wanted`,
      },
    },
    { each },
  );

interface TextField extends Field {
  minChars?: number;
  maxChars?: number;
}

/** Free text: not blank unless `minChars` is 0. */
export const Text = ({ minChars = 1, maxChars = MAX_TEXT_CHARS, ...field }: TextField = {}) =>
  applyDecorators(
    ...presence(field),
    IsText(minChars, maxChars),
    shown(field, { type: String, minLength: minChars, maxLength: maxChars }),
  );

/** An opaque id that others made up. */
export const Id = (field: TextField = {}) => Text({ maxChars: MAX_ID_CHARS, ...field });

export const Flag = (field: Field = {}) =>
  applyDecorators(...presence(field), IsBoolean(), shown(field, { type: Boolean }));

export const OneOf = (values: readonly string[], field: Field = {}) =>
  applyDecorators(
    ...presence(field),
    IsIn(values),
    shown(field, { type: String, enum: [...values] }),
  );

export const Count = (field: Field = {}) =>
  applyDecorators(
    ...presence(field),
    IsInt(),
    Min(0),
    Max(MAX_COUNT),
    shown(field, { type: 'integer', minimum: 0, maximum: MAX_COUNT }),
  );

interface Many {
  min?: number;
  max: number;
}

export const Texts = ({ min = 0, max }: Many, field: TextField = {}) =>
  applyDecorators(
    ...presence(field),
    IsArray(),
    ArrayMinSize(min),
    ArrayMaxSize(max),
    IsText(field.minChars ?? 1, field.maxChars ?? MAX_ID_CHARS, true),
    shown(field, { type: [String], minItems: min, maxItems: max }),
  );

export const Items = (item: new () => object, { min = 1, max }: Many, field: Field = {}) =>
  applyDecorators(
    IsArray(),
    ArrayMinSize(min),
    ArrayMaxSize(max),
    // An array in the place of an item would be taken for several.
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    Type(() => item),
    shown(field, { type: [item], minItems: min, maxItems: max }),
  );

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** A moment of RFC 3339; undefined for what is none. */
export function momentOf(text: unknown): Date | undefined {
  if (typeof text !== 'string') return undefined;
  // An offset's plus that was not encoded in a query.
  const written = text.replace(/ (?=\d\d:\d\d$)/, '+');
  if (!RFC_3339.test(written)) return undefined;
  const moment = new Date(written);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** A moment in a body or query, read to a `Date`. */
export const Moment = (field: Field = {}) =>
  applyDecorators(
    ...presence(field),
    Transform(({ value }) => momentOf(value) ?? (value as unknown)),
    ValidateBy({
      name: 'isMoment',
      validator: {
        validate: (value: unknown) => value instanceof Date,
        defaultMessage: () => 'a time of RFC 3339 is wanted, such as 2026-01-31T00:00:00Z',
      },
    }),
    shown(field, { type: String, format: 'date-time' }),
  );

/** Whoever asks for an earlier year has mistyped it. */
const FIRST_YEAR = 1_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** A day of the calendar as `2026-01-31`, or the UTC day of a moment; undefined for what is neither. */
export function utcDayOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const moment = momentOf(DAY.test(text) ? `${text}T00:00:00Z` : text);
  if (!moment || moment.getUTCFullYear() < FIRST_YEAR) return undefined;
  const day = moment.toISOString().slice(0, 'YYYY-MM-DD'.length);
  // A 30th of February is read as a day of March.
  return DAY.test(text) && day !== text ? undefined : day;
}

/** A UTC day in a query. */
export const UtcDay = (field: Field = {}) =>
  applyDecorators(
    ...presence(field),
    Transform(({ value }) => utcDayOf(value) ?? (value as unknown)),
    ValidateBy({
      name: 'isDay',
      validator: {
        validate: (value: unknown) => value !== undefined && utcDayOf(value) === value,
        defaultMessage: () => 'a day in UTC is wanted, such as 2026-01-31',
      },
    }),
    shown(field, { type: String, format: 'date' }),
  );

interface CountField extends Field {
  min: number;
  max: number;
  /** What counts where it is left out. */
  preset: number;
}

/** A whole number in a query, where everything is text. */
export const QueryCount = ({ min, max, preset, ...field }: CountField) =>
  applyDecorators(
    ...presence(field),
    Transform(({ value }) =>
      /^\d{1,9}$/.test(String(value)) ? Number(value) : (value as unknown),
    ),
    IsInt(),
    Min(min),
    Max(max),
    shown(field, { type: 'integer', minimum: min, maximum: max, default: preset }),
  );
