import { refuse, type Refusal } from '@numbering/domain';

/** Ruling 8: a prefix is a beginning of the number as it is written. */
export const invalidBlockPrefix = (written: string | undefined): Refusal =>
  invalidField(
    'blockPrefix',
    'NO_BEGINNING',
    `${JSON.stringify(written)} is no beginning of an MSISDN as it is written, such as +9379`,
  );

/** A shape that only the ledger can judge: told as a validation error of its field. */
export const invalidField = (field: string, code: string, message: string): Refusal =>
  refuse('VALIDATION_FAILED', message, { errors: [{ field, code, message }] });
