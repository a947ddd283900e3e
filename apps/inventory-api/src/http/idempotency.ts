import { createHash } from 'node:crypto';
import type { Caller } from '@numbering/domain';
import type { IdempotencyAsk } from '@numbering/persistence';
import type { FastifyRequest } from 'fastify';
import { validationFailed } from './problem';

const HEADER = 'idempotency-key';
export const REPLAYED_HEADER = 'Idempotency-Replayed';
export const MAX_KEY_CHARS = 255;
const KEY = new RegExp(`^[\\x21-\\x7e]{1,${MAX_KEY_CHARS}}$`);

/**
 * The caller's `Idempotency-Key` with what it stands for (ruling 42); undefined where it sent none.
 * @param body what was asked for: members, for a form its fields and the digest of its file
 * @throws Problem VALIDATION_FAILED for a key that is none
 */
export function idempotencyOf(
  request: Pick<FastifyRequest, 'headers' | 'method' | 'originalUrl'>,
  caller: Caller,
  body: unknown,
): IdempotencyAsk | undefined {
  const key = request.headers[HEADER];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    const message = `Idempotency-Key is 1 to ${MAX_KEY_CHARS} visible characters`;
    throw validationFailed([{ field: 'Idempotency-Key', code: 'INVALID_HEADER', message }]);
  }
  return { owner: ownerOf(caller), key, fingerprint: fingerprintOf(request, body) };
}

/** Keys of a tenant and keys of a subject without one never meet. */
const ownerOf = ({ tenantId, sub }: Caller): string =>
  tenantId === undefined ? `sub:${sub}` : `tenant:${tenantId}`;

/** SHA-256 over method, path with query, and the members of the body in any order. */
export function fingerprintOf(
  { method, originalUrl }: Pick<FastifyRequest, 'method' | 'originalUrl'>,
  body: unknown,
): string {
  const called = JSON.stringify([method, originalUrl, inOneOrder(body)]);
  return createHash('sha256').update(called).digest('base64url');
}

function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, member]) => [name, inOneOrder(member)]);
}
