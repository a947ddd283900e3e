import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const MAX_REQUEST_ID_CHARS = 128;
/** Visible ASCII only: an id goes into log lines, audit rows and an answer's header as it is. */
const REQUEST_ID = new RegExp(`^[\\x21-\\x7e]{1,${MAX_REQUEST_ID_CHARS}}$`);

/** The caller's `X-Request-Id` where it is a fit one, else a new one. */
export function requestIdOf(header: string | readonly string[] | undefined): string {
  const given = typeof header === 'string' ? header : header?.[0];
  return given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
}

/** `version-traceId-parentId-flags` of W3C Trace Context; an id of zeros only is none. */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace that the caller's `traceparent` header names; undefined where it names none. */
export function traceIdOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['traceparent'];
  return typeof header === 'string' ? TRACEPARENT.exec(header)?.[1] : undefined;
}
