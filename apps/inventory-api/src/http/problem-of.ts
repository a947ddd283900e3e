import { HttpException } from '@nestjs/common';
import {
  AuthUnavailable,
  isPostgresUnavailable,
  StoreUnavailable,
  TooBusy,
  Unauthenticated,
} from '@numbering/platform';
import { Problem } from './problem';
import type { ProblemCode } from './refusal-status';

/** When a caller may ask again after 503. */
export const RETRY_AFTER_SECONDS = 1;
/** The same where imports are under way, which take their time. */
const BUSY_RETRY_AFTER_SECONDS = 5;
const FIRST_SERVER_FAULT = 500;

/**
 * Refusals of Fastify and of Nest's router, by status; every other 4xx is a request that cannot be
 * read.
 */
const CODE_OF_STATUS: Readonly<Record<number, ProblemCode>> = {
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};
const DETAILS: Readonly<Partial<Record<ProblemCode, string>>> = {
  NOT_FOUND: 'No such route, or not with this method',
  PAYLOAD_TOO_LARGE: 'The request is larger than what is taken here',
  UNSUPPORTED_MEDIA_TYPE: 'Send application/json',
  MALFORMED: 'The path or the body is not well-formed',
};

/** What a caller is told of what was thrown; undefined for a failure of the service itself. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof Unauthenticated) return unauthenticated(error);
  if (isAway(error)) return unavailable();
  if (error instanceof TooBusy) return busy(error);
  if (!(error instanceof HttpException) || error.getStatus() >= FIRST_SERVER_FAULT) {
    return undefined;
  }
  const code = CODE_OF_STATUS[error.getStatus()] ?? 'MALFORMED';
  return new Problem(code, DETAILS[code] ?? '');
}

export const isAway = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof AuthUnavailable ||
  isPostgresUnavailable(error);

function unauthenticated({ message }: Unauthenticated): Problem {
  const told = message.replaceAll('"', "'");
  const challenge = `Bearer error="invalid_token", error_description="${told}"`;
  return new Problem('UNAUTHENTICATED', message, {}, { 'WWW-Authenticate': challenge });
}

const busy = ({ message }: TooBusy): Problem => {
  const headers = { 'Retry-After': String(BUSY_RETRY_AFTER_SECONDS) };
  return new Problem('DEPENDENCY_UNAVAILABLE', message, {}, headers);
};

export const unavailable = (): Problem =>
  new Problem(
    'DEPENDENCY_UNAVAILABLE',
    'A server that this needs does not answer: ask again, with the same Idempotency-Key',
    {},
    { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  );
