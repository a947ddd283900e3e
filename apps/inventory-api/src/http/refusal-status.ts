import type { RefusalCode } from '@numbering/domain';

/** What this door refuses by itself, before or beside any decision. */
export const DOOR_CODES = [
  'MALFORMED',
  'INVALID_CURSOR',
  'UNAUTHENTICATED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'DEPENDENCY_UNAVAILABLE',
  'INTERNAL',
] as const;
export type DoorCode = (typeof DOOR_CODES)[number];
export type ProblemCode = RefusalCode | DoorCode;

interface ProblemKind {
  status: number;
  title: string;
}

/** THE table: code → HTTP status and title. A code without a row does not compile. */
export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  MALFORMED: { status: 400, title: 'The request cannot be read' },
  INVALID_CURSOR: { status: 400, title: 'The page is none of this list' },
  UNAUTHENTICATED: { status: 401, title: 'A valid bearer token is needed' },
  FORBIDDEN: { status: 403, title: 'The token lacks the scope for this' },
  TENANT_MISMATCH: { status: 403, title: 'The token does not speak for this tenant' },
  OPERATOR_NOT_ALLOWED: { status: 403, title: 'The tenant may not use this operator' },
  NOT_OWNER: { status: 403, title: 'The number is another tenant’s' },
  ACTOR_MISMATCH: { status: 403, title: 'actorId is not the caller' },
  QUOTA_EXCEEDED: { status: 403, title: 'The lease quota is used up' },
  RESERVATION_QUOTA: { status: 403, title: 'The reservation quota is used up' },
  HOLD_QUOTA: { status: 403, title: 'The hold quota is used up' },
  SELF_BYPASS_FORBIDDEN: { status: 403, title: 'A cool-down cannot be passed by who caused it' },
  TENANT_SUSPENDED: { status: 403, title: 'The tenant is suspended' },
  NOT_FOUND: { status: 404, title: 'There is nothing here' },
  UNKNOWN_IDENTIFIER: { status: 404, title: 'The number is not in the ledger' },
  UNKNOWN_BLOCK: { status: 404, title: 'The block is not in the ledger' },
  INVALID_STATE: { status: 409, title: 'The state of the number does not allow this' },
  HELD_BY_OTHER_TENANT: { status: 409, title: 'Another tenant has claimed the number' },
  ALREADY_LEASED: { status: 409, title: 'The number is leased already' },
  RESERVATION_REQUIRED: { status: 409, title: 'The number must be reserved first' },
  QUARANTINE_ACTIVE: { status: 409, title: 'The number is in its cool-down' },
  NOT_YET_VALID: { status: 409, title: 'The number is not in service yet' },
  USE_RECALL_FOR_LEASES: { status: 409, title: 'A lease is recalled, not released' },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, title: 'The first call of this key is still running' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The request is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is of a type not taken here' },
  VALIDATION_FAILED: { status: 422, title: 'The request has members that are wrong' },
  INVALID_IDENTIFIER: { status: 422, title: 'This is no number, short code or sender ID' },
  INVALID_TERM: { status: 422, title: 'This is no term of a lease' },
  INVALID_CSV: { status: 422, title: 'The file is not the CSV of a block' },
  SIGNATURE_INVALID: { status: 422, title: 'The signature does not fit the file' },
  TICKET_REQUIRED: { status: 422, title: 'This reason needs a ticket' },
  NOT_VANITY_ELIGIBLE: { status: 422, title: 'The number is no vanity short code' },
  JUSTIFICATION_REQUIRED: { status: 422, title: 'An override needs a justification' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The key stands for another call' },
  RATE_LIMITED: { status: 429, title: 'The tenant has called too often' },
  INTERNAL: { status: 500, title: 'The service failed' },
  DEPENDENCY_UNAVAILABLE: { status: 503, title: 'A server that this needs does not answer' },
};

export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];
