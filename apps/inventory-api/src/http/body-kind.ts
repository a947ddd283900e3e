import type { FastifyRequest } from 'fastify';
import { Problem } from './problem';

const METHODS_WITH_BODY = new Set(['POST', 'PUT']);
const MEDIA_TYPES = { json: 'application/json', multipart: 'multipart/form-data' } as const;

const isAsked = ({ method, is404, routeOptions }: FastifyRequest): boolean =>
  !is404 && METHODS_WITH_BODY.has(method) && routeOptions.config.needs !== undefined;

/** 415 before the body is read: Fastify alone would take forms and plain text too. */
export function checkMediaType(request: FastifyRequest): void {
  if (!isAsked(request)) return;
  const { takes = 'json' } = request.routeOptions.config;
  const wanted = MEDIA_TYPES[takes];
  const given = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  // A POST without members may come without a body.
  if (given === wanted || (given === undefined && takes === 'json' && !hasBody(request))) return;
  throw new Problem('UNSUPPORTED_MEDIA_TYPE', `Send ${wanted}`);
}

function hasBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** 400 for JSON that is no object; a body that is not there is an empty one. */
export function checkBodyIsObject(request: FastifyRequest): void {
  if (!isAsked(request) || request.routeOptions.config.takes === 'multipart') return;
  const { body } = request;
  if (body === undefined) request.body = {};
  else if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('MALFORMED', 'The body is no JSON object');
  }
}
