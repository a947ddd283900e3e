// How routes describe themselves for /docs and /openapi.json.
import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import {
  ApiHeader,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from './refusal-status';

/** Every route under /v1 may answer these. */
const ALWAYS: readonly ProblemCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'VALIDATION_FAILED',
  'RATE_LIMITED',
  'INTERNAL',
  'DEPENDENCY_UNAVAILABLE',
];
const BY_BODY: readonly ProblemCode[] = [
  'MALFORMED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_IN_PROGRESS',
];

export class FaultBody {
  @ApiProperty() field: string;
  @ApiProperty() code: string;
  @ApiProperty() message: string;
}

/** RFC 9457 */
export class ProblemBody {
  @ApiProperty({ example: '/docs/errors#INVALID_STATE' }) type: string;
  @ApiProperty() title: string;
  @ApiProperty({ example: 409 }) status: number;
  @ApiProperty() detail: string;
  @ApiProperty() instance: string;
  @ApiProperty({ enum: PROBLEM_CODES, enumName: 'ProblemCode' }) code: string;
  @ApiPropertyOptional({ type: [FaultBody], description: 'Of VALIDATION_FAILED' })
  errors?: FaultBody[];
  @ApiPropertyOptional({ description: 'The state of the number, of 409' }) state?: string;
  @ApiPropertyOptional() ownedByCaller?: boolean;
  @ApiPropertyOptional({ description: 'The end of the cool-down' }) availableAt?: Date;
  @ApiPropertyOptional({ description: 'The number that an atomic call fails for' })
  identifier?: string;
  @ApiPropertyOptional({ description: 'Of NOT_YET_VALID' }) validFrom?: Date;
  @ApiPropertyOptional() quota?: number;
  @ApiPropertyOptional() current?: number;
}

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const, example },
});
/** On every answer to a tenant (ruling 41). */
const LIMIT_HEADERS = {
  'RateLimit-Policy': text('Calls in a window, and its seconds', '"tenant";q=6000;w=60'),
  RateLimit: text('Calls that are left, and the window’s seconds', '"tenant";r=5999;t=60'),
};

/** What a reading route answers. */
export const Answers = (type: Type, ...codes: ProblemCode[]) =>
  applyDecorators(
    ApiResponse({ status: 200, type, headers: LIMIT_HEADERS }),
    ...problems([...ALWAYS, ...codes]),
  );

/** What a changing route answers; it takes an Idempotency-Key. */
export const Changes = (status: number, type: Type, ...codes: ProblemCode[]) =>
  applyDecorators(
    HttpCode(status),
    ApiResponse({ status, type, headers: LIMIT_HEADERS }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Up to 255 visible characters; a repeat within 24 h gets the first answer',
    }),
    ...problems([...ALWAYS, ...BY_BODY, ...codes]),
  );

function problems(codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code].status);
  return [...byStatus].map(([status, ofStatus]) =>
    ApiResponse({
      status,
      description: ofStatus.join(', '),
      content: {
        'application/problem+json': { schema: { $ref: getSchemaPath(ProblemBody) } },
      },
    }),
  );
}

/** `{items, nextPage}` of one kind of item. */
export function pageOf(item: Type): Type {
  class PageAnswer {
    @ApiProperty({ type: [item] }) items: object[];
    @ApiProperty({ type: String, nullable: true, description: 'null at the end' })
    nextPage: string | null;
  }
  // Swagger knows a schema by the name of its class.
  Object.defineProperty(PageAnswer, 'name', { value: `${item.name}Page` });
  return PageAnswer;
}
