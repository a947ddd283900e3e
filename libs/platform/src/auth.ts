// Who calls: bearer tokens (JWT), verified against the issuer's published keys.
import { hash } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, jwksCache, jwtVerify } from 'jose';
import type { ExportedJWKSCache, JWTPayload, RemoteJWKSet } from 'jose';
import { LRUCache } from 'lru-cache';
import { monotonicMs, wallClockMs } from './clock.js';
import type { Config } from './config.js';

export type VerifiedToken = Readonly<{
  sub: string;
  tenantId?: string;
  scopes: ReadonlySet<string>;
  expiresAtSeconds: number;
}>;

/** The token is none that counts. The message is safe to show to whoever sent it. */
export class Unauthenticated extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Unauthenticated';
  }
}

/** The issuer's keys cannot be fetched, so nobody can say whether the token counts. */
export class AuthUnavailable extends Error {
  constructor(cause?: unknown) {
    super('the keys of the token issuer cannot be fetched', { cause });
    this.name = 'AuthUnavailable';
  }
}

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** Longer than any token of ours; what is longer is not even hashed. */
const MAX_TOKEN_CHARS = 8_192;
const MAX_CACHED_TOKENS = 10_000;
const MAX_CLAIM_CHARS = 255;

/** All in milliseconds. */
const DEFAULT_LIMITS = {
  fetchTimeoutMs: 2_000,
  /** After a failed fetch none is tried for this long, whatever tokens arrive meanwhile. */
  fetchFailurePauseMs: 1_000,
  /** A token of an unknown key has the keys fetched again, but not more often than this. */
  unknownKeyPauseMs: 5_000,
  /** Keys are fetched again after this long: so soon a withdrawn key counts no more. */
  refreshEveryMs: 60_000,
  /** With an issuer that is away, the keys last seen count for so long. */
  keysCountForMs: 86_400_000,
};
type Limits = typeof DEFAULT_LIMITS;
type Sources = { wallMs: () => number; monotonic: () => number };

/** The token of `Authorization: Bearer <token>`; undefined for any other form. */
export function bearerOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1];
}

/**
 * Verifies tokens and remembers the verified ones by their SHA-256 until they expire, so that a
 * caller of many calls costs one signature check. They are forgotten when a key goes.
 */
export class TokenVerifier {
  private readonly limits: Limits;
  private readonly sources: Sources;
  private readonly keys: RemoteJWKSet;
  /** jose writes each fetched set here. */
  private readonly fetched: Partial<ExportedJWKSCache> = {};
  private readonly tokens = new LRUCache<string, VerifiedToken>({ max: MAX_CACHED_TOKENS });
  private knownKeys: ReadonlySet<string> = new Set();
  private lastSeenSet: unknown;
  private generation = 0;
  private fetchedAtMs = Number.NEGATIVE_INFINITY;
  private failedAtMs = Number.NEGATIVE_INFINITY;
  private refreshing = false;

  constructor(
    private readonly jwt: Config['jwt'],
    limits: Partial<Limits> = {},
    sources: Partial<Sources> = {},
  ) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.sources = { wallMs: wallClockMs, monotonic: monotonicMs, ...sources };
    this.keys = createRemoteJWKSet(new URL(jwt.jwksUrl), {
      timeoutDuration: this.limits.fetchTimeoutMs,
      cooldownDuration: this.limits.unknownKeyPauseMs,
      cacheMaxAge: Number.POSITIVE_INFINITY, // `refresh` decides: jose would fail with its issuer.
      [jwksCache]: this.fetched as ExportedJWKSCache,
      [customFetch]: (url, options) => this.fetchKeys(url, options),
    });
  }

  /**
   * Who the token speaks for. Throws `Unauthenticated`, or `AuthUnavailable` when the key that
   * signed it is not known and the issuer does not answer.
   */
  async verify(token: string): Promise<VerifiedToken> {
    const known = this.verified(token);
    if (known) return known;
    if (token.length > MAX_TOKEN_CHARS) throw new Unauthenticated('the token is too long');
    if (!this.keysCount()) await this.refresh();
    const { generation } = this;
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        algorithms: ALGORITHMS,
        issuer: this.jwt.issuer,
        audience: this.jwt.audience,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(this.sources.wallMs()),
      });
      this.noticeKeys();
      const verified = readClaims(payload);
      // A key that went while the signature was checked may be the one that made it.
      if (generation === this.generation) this.tokens.set(digestOf(token), verified);
      return verified;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** The answer of an earlier `verify` for this token, without waiting: for the hot path. */
  verified(token: string): VerifiedToken | undefined {
    if (token.length > MAX_TOKEN_CHARS || !this.keysCount()) return undefined;
    const isStale = this.sinceMs(this.fetchedAtMs) > this.limits.refreshEveryMs;
    if (isStale && !this.refreshing) void this.refresh().catch(() => undefined); // The last count.
    const digest = digestOf(token);
    const verified = this.tokens.get(digest);
    if (!verified || verified.expiresAtSeconds * 1_000 > this.sources.wallMs()) return verified;
    this.tokens.delete(digest);
    return undefined;
  }

  private sinceMs(momentMs: number): number {
    return this.sources.monotonic() - momentMs;
  }

  private keysCount(): boolean {
    return this.sinceMs(this.fetchedAtMs) <= this.limits.keysCountForMs;
  }

  private async refresh(): Promise<void> {
    this.refreshing = true;
    try {
      await this.keys.reload();
    } catch (error) {
      throw new AuthUnavailable(error);
    } finally {
      this.refreshing = false;
    }
    this.noticeKeys();
  }

  private async fetchKeys(url: string, options: RequestInit): Promise<Response> {
    if (this.sinceMs(this.failedAtMs) < this.limits.fetchFailurePauseMs)
      throw new AuthUnavailable();
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) throw new Error(`the key server answered ${response.status}`);
      return response;
    } catch (error) {
      this.failedAtMs = this.sources.monotonic();
      throw new AuthUnavailable(error);
    }
  }

  /** Looks whether jose has fetched a set since the last look, and whether a key went with it. */
  private noticeKeys(): void {
    if (this.fetched.jwks === this.lastSeenSet) return;
    this.lastSeenSet = this.fetched.jwks;
    this.fetchedAtMs = this.sources.monotonic();
    const keys = new Set((this.fetched.jwks?.keys ?? []).map((key) => JSON.stringify(key)));
    if ([...this.knownKeys].some((key) => !keys.has(key))) {
      this.tokens.clear();
      this.generation++;
    }
    this.knownKeys = keys;
  }
}

/** Callers of many calls come with one token: it is hashed once, and not for each call. */
let lastToken = '';
let lastDigest = '';

function digestOf(token: string): string {
  if (token !== lastToken) {
    lastDigest = hash('sha256', token, 'base64');
    lastToken = token;
  }
  return lastDigest;
}

function readClaims(claims: JWTPayload): VerifiedToken {
  const { sub, exp, tenant_id: tenantId, scope = '' } = claims;
  if (!isClaimText(sub) || typeof exp !== 'number') throw new Unauthenticated('no subject or end');
  if (tenantId !== undefined && !isClaimText(tenantId)) throw new Unauthenticated('bad tenant_id');
  if (typeof scope !== 'string') throw new Unauthenticated('the scope is not a text');
  const scopes = new Set(scope.split(' ').filter((each) => each !== ''));
  if (scopes.has('numbering:write')) scopes.add('numbering:read');
  const tenant = tenantId === undefined ? {} : { tenantId };
  return Object.freeze({ sub, ...tenant, scopes, expiresAtSeconds: exp });
}

const isClaimText = (claim: unknown): claim is string =>
  typeof claim === 'string' && claim !== '' && claim.length <= MAX_CLAIM_CHARS;

/** What a caller may be told, by jose's code; a claim's name where a claim is wrong. */
const REASONS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'the token has expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'the signature of the token is wrong',
  ERR_JOSE_ALG_NOT_ALLOWED: `the token is signed by none of ${ALGORITHMS.join(', ')}`,
  ERR_JWKS_NO_MATCHING_KEY: 'the token is signed by an unknown key',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'the token does not say which key signed it',
};
/** An issuer that answers something else than keys. */
const ISSUER_FAULTS = new Set(['ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']);

function refusalOf(error: unknown): Unauthenticated | AuthUnavailable {
  if (error instanceof Unauthenticated || error instanceof AuthUnavailable) return error;
  if (!(error instanceof errors.JOSEError)) return new Unauthenticated('the token is malformed');
  if (ISSUER_FAULTS.has(error.code)) return new AuthUnavailable(error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new Unauthenticated(`the claim ${error.claim} of the token is missing or not accepted`);
  }
  return new Unauthenticated(REASONS[error.code] ?? 'the token is malformed');
}
