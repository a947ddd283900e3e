import { refuse, type Refusal } from '@numbering/domain';

/** A shape that only the ledger can judge: told as a validation error of its field. */
export const invalidField = (field: string, code: string, message: string): Refusal =>
  refuse('VALIDATION_FAILED', message, { errors: [{ field, code, message }] });
