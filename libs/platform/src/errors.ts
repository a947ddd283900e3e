/** The servers whose absence is an answer of its own, never a guess. */
export type StoreName = 'postgres' | 'redis' | 'kafka' | 'jwks';

/**
 * A server that a call needs does not answer. The doors turn it into 503 or UNAVAILABLE, or fall
 * back to the next store; it never means that the thing asked for does not exist.
 */
export class StoreUnavailable extends Error {
  constructor(
    readonly store: StoreName,
    cause?: unknown,
  ) {
    super(`${store} does not answer`, { cause });
    this.name = 'StoreUnavailable';
  }
}

/** As much of something as fits is under way already: the same call will do later. */
export class TooBusy extends Error {
  constructor(what: string) {
    super(`As many ${what} as fit are under way: ask again`);
    this.name = 'TooBusy';
  }
}

/**
 * SQLSTATEs after which the same statement may well succeed on a new connection: the server stops
 * (57P01), crashed (57P02), starts (57P03), or has no connection left (53300). Class 08 is about
 * the connection itself.
 */
const UNAVAILABLE_SQLSTATES = new Set(['57P01', '57P02', '57P03', '53300']);
const CONNECTION_SQLSTATE = /^08[0-9A-Z]{3}$/;

const UNAVAILABLE_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** What `pg` and `pg-pool` throw without a code, by the beginning of the message. */
const UNAVAILABLE_MESSAGES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'Driver not Connected',
];

/** Wrappers nest a few deep (TypeORM's driverError, AggregateError of two addresses, cause). */
const MAX_WRAPPERS = 5;

/** Whether Postgres itself is away, as opposed to refusing what was asked. */
export function isPostgresUnavailable(error: unknown): boolean {
  return isUnavailable(error, MAX_WRAPPERS);
}

function isUnavailable(error: unknown, wrappersLeft: number): boolean {
  if (error instanceof StoreUnavailable) return error.store === 'postgres';
  if (typeof error !== 'object' || error === null || wrappersLeft === 0) return false;
  const { code, message, driverError, cause, errors } = error as Record<string, unknown>;
  if (typeof code === 'string' && isUnavailableCode(code)) return true;
  if (typeof message === 'string' && UNAVAILABLE_MESSAGES.some((m) => message.startsWith(m))) {
    return true;
  }
  const inner = [driverError, cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return inner.some((each) => isUnavailable(each, wrappersLeft - 1));
}

function isUnavailableCode(code: string): boolean {
  return (
    UNAVAILABLE_SQLSTATES.has(code) ||
    CONNECTION_SQLSTATE.test(code) ||
    UNAVAILABLE_SYSTEM_CODES.has(code)
  );
}
