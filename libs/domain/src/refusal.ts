/**
 * The closed list of reasons for which a command is refused. The code is stable and reaches the caller; one table in
 * each door turns it into a status. `members` are the facts that the story promises beside the code.
 */
export const REFUSAL_CODES = [
  'SIGNATURE_INVALID',
  'INVALID_IDENTIFIER',
  'INVALID_TERM',
  'INVALID_CSV',
  'TICKET_REQUIRED',
  'NOT_VANITY_ELIGIBLE',
  'JUSTIFICATION_REQUIRED',
  'VALIDATION_FAILED',
  'FORBIDDEN',
  'TENANT_MISMATCH',
  'OPERATOR_NOT_ALLOWED',
  'NOT_OWNER',
  'ACTOR_MISMATCH',
  'QUOTA_EXCEEDED',
  'RESERVATION_QUOTA',
  'HOLD_QUOTA',
  'SELF_BYPASS_FORBIDDEN',
  'TENANT_SUSPENDED',
  'UNKNOWN_IDENTIFIER',
  'UNKNOWN_BLOCK',
  'NOT_FOUND',
  'INVALID_STATE',
  'HELD_BY_OTHER_TENANT',
  'ALREADY_LEASED',
  'RESERVATION_REQUIRED',
  'QUARANTINE_ACTIVE',
  'NOT_YET_VALID',
  'USE_RECALL_FOR_LEASES',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_IN_PROGRESS',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  refused: true;
  code: RefusalCode;
  /** One sentence for the person who reads it: what is so, and what to do. */
  detail: string;
  /** Members of the answer beside the code (`state`, `availableAt`, `quota` …), in their JSON form. */
  members: Readonly<Record<string, unknown>>;
}

export const refuse = (
  code: RefusalCode,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
): Refusal => ({ refused: true, code, detail, members });

export const isRefusal = (value: object): value is Refusal => 'refused' in value;
