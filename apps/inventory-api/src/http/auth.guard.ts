import type { IncomingMessage } from 'node:http';
import { applyDecorators, Injectable } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiSecurity } from '@nestjs/swagger';
import type { Caller, Scope } from '@numbering/domain';
import { bearerOf, TokenVerifier, Unauthenticated } from '@numbering/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { Problem } from './problem';
import { RateLimits, type LimitName } from './rate-limits';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set on every route that needs a token. */
    caller?: Caller;
  }
  interface FastifyContextConfig {
    /** Any of these scopes; none at all: any valid token. Absent: no token is needed. */
    needs?: readonly Scope[];
    takes?: BodyKind;
    /** The limit that a tenant's calls count against; `tenant` where it is left out. */
    limit?: LimitName;
  }
}

export type BodyKind = 'json' | 'multipart';

/** Any valid token: whether it may write is the decision's to say, after 404 (ruling 17). */
export const ANY_TOKEN: readonly Scope[] = [];
export const WRITERS: readonly Scope[] = ['numbering:write'];
export const READERS: readonly Scope[] = [
  'numbering:read',
  'numbering:admin',
  'numbering:compliance',
];
export const ADMINS: readonly Scope[] = ['numbering:admin'];
export const COMPLIANCE: readonly Scope[] = ['numbering:compliance'];
export const OFFICERS: readonly Scope[] = ['numbering:admin', 'numbering:compliance'];

interface RouteKind {
  takes?: BodyKind;
  limit?: LimitName;
  /** The scopes that a decision asks for, where the door takes any token. */
  decided?: readonly Scope[];
}

/** Who may call a route, one of these scopes; what kind of body it takes, and which limit it has. */
export const Needs = (
  scopes: readonly Scope[],
  { takes = 'json', limit = 'tenant', decided = scopes }: RouteKind = {},
) =>
  applyDecorators(
    RouteConfig({ needs: scopes, takes, limit }),
    ...decided.map((scope) => ApiSecurity('bearer', [scope])),
  );

/**
 * Bearer → caller. It runs as a hook of Fastify and not as a guard of Nest, which would come after
 * the body was read and parsed: 401 and the scope of an admin path come before anything about the
 * body (ruling 17).
 */
@Injectable()
export class AuthGuard {
  constructor(
    private readonly tokens: TokenVerifier,
    private readonly limits: RateLimits,
    private readonly log: PinoLogger,
  ) {}

  /**
   * Lets a request pass to its route, or throws `Problem`, `Unauthenticated` or `AuthUnavailable`.
   * An unknown route passes: it is told as such without a token, and counts where there is one.
   */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { needs, limit = 'tenant' } = request.routeOptions.config;
    const tell = (headers: Readonly<Record<string, string>>) => void reply.headers(headers);
    if (request.is404) return this.countIfKnown(request, tell);
    if (needs === undefined) return;
    const caller = await this.authenticate(request);
    request.caller = caller;
    this.log.assign(aboutOf(request, caller));
    await this.limits.count(caller, limit, tell);
    if (needs.length === 0 || needs.some((scope) => caller.scopes.has(scope))) return;
    throw new Problem('FORBIDDEN', `The token lacks the scope ${needs.join(' or ')}`);
  }

  /**
   * What is refused whoever asks counts against the tenant's limit all the same.
   * @throws Problem RATE_LIMITED
   */
  async countIfKnown(
    request: Pick<IncomingMessage, 'headers'>,
    tell: (headers: Readonly<Record<string, string>>) => void,
  ): Promise<void> {
    if (request.headers.authorization === undefined) return;
    let caller: Caller;
    try {
      caller = await this.authenticate(request);
    } catch {
      return; // Nobody whose calls could be counted.
    }
    await this.limits.count(caller, 'tenant', tell);
  }

  async authenticate({ headers }: Pick<IncomingMessage, 'headers'>): Promise<Caller> {
    const { authorization } = headers;
    const token = bearerOf(authorization);
    if (token === undefined) {
      throw new Unauthenticated(
        authorization === undefined ? 'there is no token' : 'this is no bearer token',
      );
    }
    const { sub, tenantId, scopes } = await this.tokens.verify(token);
    return { sub, tenantId, scopes };
  }
}

/** What every line of a request says beside its id. */
function aboutOf({ params }: FastifyRequest, { tenantId }: Caller): Record<string, string> {
  const { identifier } = params as { identifier?: string };
  return { ...(tenantId ? { tenantId } : {}), ...(identifier ? { identifier } : {}) };
}
