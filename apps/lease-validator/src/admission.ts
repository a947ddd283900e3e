import { status as GrpcStatus } from '@grpc/grpc-js';
import {
  bearerOf,
  TokenVerifier,
  Unauthenticated,
  wallClockMs,
  type VerifiedToken,
} from '@numbering/platform';
import type { CallMetadata } from './lean-grpc/call-metadata';
import { grpcError } from './lease-answer';

const SCOPE = 'numbering:validate';
const SECOND_MS = 1_000;

/** Who was let in, and for how long: the end of the token, in this machine's Unix milliseconds. */
export interface Admitted {
  untilMs: number;
}

const FOR_GOOD: Admitted = { untilMs: Number.POSITIVE_INFINITY };

/**
 * Who may ask: the bearer of a token with scope numbering:validate. Without a verifier everybody
 * who reaches the port: on loopback, or with a client certificate that TLS has verified.
 */
export class Admission {
  constructor(private readonly verifier: TokenVerifier | undefined) {}

  /**
   * At once for a token that was verified before. Throws, or rejects with, UNAUTHENTICATED,
   * PERMISSION_DENIED, or UNAVAILABLE where the issuer's keys are away.
   */
  admit(metadata: CallMetadata): Admitted | Promise<Admitted> {
    if (!this.verifier) return FOR_GOOD;
    const [header, ...others] = metadata.get('authorization');
    const bearer = typeof header === 'string' && others.length === 0 ? bearerOf(header) : undefined;
    if (bearer === undefined) {
      throw new Unauthenticated('metadata authorization is not one "Bearer <token>"');
    }
    const known = this.verifier.verified(bearer);
    return known ? allowed(known) : this.verifier.verify(bearer).then(allowed);
  }
}

function allowed(token: VerifiedToken): Admitted {
  if (!token.scopes.has(SCOPE)) {
    throw grpcError(GrpcStatus.PERMISSION_DENIED, `the token has no scope ${SCOPE}`);
  }
  return { untilMs: token.expiresAtSeconds * SECOND_MS };
}

/** Milliseconds until an admission ends. */
export const leftMs = ({ untilMs }: Admitted): number => untilMs - wallClockMs();
