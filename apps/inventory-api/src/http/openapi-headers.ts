// Headers that many routes have, once each in /openapi.json.
import { MAX_REQUEST_ID_CHARS } from '@numbering/platform';
import { MAX_KEY_CHARS } from './idempotency';

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string', example },
});
const toTenants = 'On every answer to a tenant (ruling 41).';

export const HEADERS = {
  'X-Request-Id': text(
    'The request’s, or one that was made: it stands in every log line and audit row',
    '5c1f2b7e-0c3a-4a67-9a38-7d1a6a6f2b10',
  ),
  'RateLimit-Policy': text(
    `${toTenants} Calls in a window, and its seconds; browsing has a limit of its own, "browse"`,
    '"tenant";q=6000;w=60',
  ),
  RateLimit: text(
    `${toTenants} Calls that are left, and the window’s seconds`,
    '"tenant";r=5999;t=60',
  ),
  'Retry-After': {
    description: 'Seconds after which to ask again',
    schema: { type: 'integer', minimum: 1, example: 17 },
  },
  'Idempotency-Replayed': {
    description: 'Where this is the first answer of its Idempotency-Key again (ruling 42)',
    schema: { type: 'string', enum: ['true'] },
  },
  'WWW-Authenticate': text(
    'Why the token is none',
    'Bearer error="invalid_token", error_description="there is no token"',
  ),
  'Content-Disposition': text('A name for the file', 'attachment; filename="numbers.csv"'),
  'Content-Digest': text(
    'RFC 9530, of the bytes: what was exported can be shown to be what was served',
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
  ),
};

export const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'A repeat within 24 hours of the same call gets the first answer, refusals too (ruling 42)',
    example: '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
    schema: { type: 'string', minLength: 1, maxLength: MAX_KEY_CHARS, pattern: '^[!-~]+$' },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    required: false,
    description: 'Made where it is left out, or is none that a log line could have',
    schema: { type: 'string', maxLength: MAX_REQUEST_ID_CHARS },
  },
} as const;
