// How routes describe themselves; openapi-document.ts makes /openapi.json of it.
import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import {
  ApiExtension,
  ApiExtraModels,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import { NUMBER_STATES } from '@numbering/domain';
import { PROBLEM_CODES, type ProblemCode } from './refusal-status';

/** Where a route keeps its codes until the document is made. */
export const CODES_EXTENSION = 'x-codes';
/** The same for CSV that it answers beside its JSON, or alone. */
export const CSV_EXTENSION = 'x-csv';

export interface CsvTold {
  description: string;
  example: string;
  /** Headers beside those that every answer has. */
  headers?: readonly string[];
}

/** The sentence of a route in a list, and what it is for, with its story or ruling. */
export const About = (summary: string, description: string) =>
  ApiOperation({ summary, description });

/**
 * What a reading route answers, and the codes that it refuses with beside those that all have.
 * @param shapes one, or those of which the query says which it is
 */
export const Answers = (shapes: Type | Type[], ...codes: ProblemCode[]) =>
  applyDecorators(
    ...(Array.isArray(shapes)
      ? [ApiExtraModels(...shapes), ApiResponse({ status: 200, schema: oneOf(shapes) })]
      : [ApiResponse({ status: 200, type: shapes })]),
    ApiExtension(CODES_EXTENSION, codes),
  );

const oneOf = (shapes: readonly Type[]) => ({
  oneOf: shapes.map((shape) => ({ $ref: getSchemaPath(shape) })),
});

/** What a changing route answers; it takes an Idempotency-Key. */
export const Changes = (status: number, type: Type, ...codes: ProblemCode[]) =>
  applyDecorators(
    HttpCode(status),
    ApiResponse({ status, type }),
    ApiExtension(CODES_EXTENSION, codes),
  );

/** A route's CSV, beside what `Answers` says of its JSON. */
export const AnswersCsvToo = (csv: CsvTold) => ApiExtension(CSV_EXTENSION, csv);

/** A route that answers CSV and nothing else. */
export const AnswersCsv = (csv: CsvTold, ...codes: ProblemCode[]) =>
  applyDecorators(
    ApiResponse({ status: 200 }),
    ApiExtension(CSV_EXTENSION, csv),
    ApiExtension(CODES_EXTENSION, codes),
  );

/** One member that is wrong; `field` is its path, such as `identifiers.0.operatorId`. */
export class FaultBody {
  @ApiProperty({ example: 'term' }) field: string;
  @ApiProperty({ example: 'REQUIRED' }) code: string;
  @ApiProperty({ example: 'term is missing' }) message: string;
}

/** RFC 9457, with the members that the code's story names. */
export class ProblemBody {
  @ApiProperty({
    example: '/docs/errors#INVALID_STATE',
    format: 'uri-reference',
    description: 'A page that explains the code',
  })
  type: string;
  @ApiProperty({ example: 'The state of the number does not allow this' }) title: string;
  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 }) status: number;
  @ApiProperty({ description: 'For the person who reads it: what is so, and what to do' })
  detail: string;
  @ApiProperty({ format: 'uri-reference', description: 'The path that was called' })
  instance: string;
  @ApiProperty({ enum: PROBLEM_CODES, enumName: 'ProblemCode', description: 'Stable' })
  code: string;
  @ApiPropertyOptional({ type: [FaultBody], description: 'Of VALIDATION_FAILED' })
  errors?: FaultBody[];
  @ApiPropertyOptional({ enum: NUMBER_STATES, description: 'The state of the number, of 409' })
  state?: string;
  @ApiPropertyOptional({ description: 'Of 409: whether the claim is the caller’s own' })
  ownedByCaller?: boolean;
  @ApiPropertyOptional({ description: 'The end of the cool-down' }) availableAt?: Date;
  @ApiPropertyOptional({ description: 'The number that an atomic call fails for' })
  identifier?: string;
  @ApiPropertyOptional({ description: 'Of NOT_YET_VALID' }) validFrom?: Date;
  @ApiPropertyOptional({ type: 'integer', description: 'How many the tenant may have' })
  quota?: number;
  @ApiPropertyOptional({ type: 'integer', description: 'How many it has' }) current?: number;
  @ApiPropertyOptional({ type: 'integer', description: 'Of QUOTA_EXCEEDED: as `current`' })
  currentCount?: number;
  @ApiPropertyOptional({ enum: IDENTIFIER_CLASSES, description: 'Of QUOTA_EXCEEDED' })
  identifierClass?: string;
  @ApiPropertyOptional({ description: 'Of OPERATOR_NOT_ALLOWED' }) operatorId?: string;
  @ApiPropertyOptional({ description: 'Since when the number is in the ledger' }) since?: Date;
}

/** `{items, nextPage}` of one kind of item. */
export function pageOf(item: Type): Type {
  class PageAnswer {
    @ApiProperty({ type: [item] }) items: object[];
    @ApiProperty({ type: String, nullable: true, example: null, description: 'null at the end' })
    nextPage: string | null;
  }
  // Swagger knows a schema by the name of its class.
  Object.defineProperty(PageAnswer, 'name', { value: `${item.name}Page` });
  return PageAnswer;
}
