import type { IncomingMessage } from 'node:http';
import { applyDecorators, Injectable } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { Caller, Scope } from '@numbering/domain';
import { bearerOf, TokenVerifier, Unauthenticated } from '@numbering/platform';
import type { FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { Problem } from './problem';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set on every route that needs a token. */
    caller?: Caller;
  }
  interface FastifyContextConfig {
    /** Any of these scopes; none at all: any valid token. Absent: no token is needed. */
    needs?: readonly Scope[];
    takes?: BodyKind;
  }
}

export type BodyKind = 'json' | 'multipart';

/** Any valid token: whether it may write is the decision's to say, after 404 (ruling 17). */
export const ANY_TOKEN: readonly Scope[] = [];
export const READERS: readonly Scope[] = [
  'numbering:read',
  'numbering:admin',
  'numbering:compliance',
];
export const ADMINS: readonly Scope[] = ['numbering:admin'];
export const COMPLIANCE: readonly Scope[] = ['numbering:compliance'];
export const OFFICERS: readonly Scope[] = ['numbering:admin', 'numbering:compliance'];

/** Who may call a route, one of these scopes, and what kind of body it takes. */
export const Needs = (scopes: readonly Scope[], takes: BodyKind = 'json') =>
  applyDecorators(RouteConfig({ needs: scopes, takes }), ApiBearerAuth());

/**
 * Bearer → caller. It runs as a hook of Fastify and not as a guard of Nest, which would come after
 * the body was read and parsed: 401 and the scope of an admin path come before anything about the
 * body (ruling 17).
 */
@Injectable()
export class AuthGuard {
  constructor(
    private readonly tokens: TokenVerifier,
    private readonly log: PinoLogger,
  ) {}

  /**
   * Lets a request pass to its route, or throws `Problem`, `Unauthenticated` or `AuthUnavailable`.
   * An unknown route passes: it is told as such without a token.
   */
  async admit(request: FastifyRequest): Promise<void> {
    const { needs } = request.routeOptions.config;
    if (request.is404 || needs === undefined) return;
    const caller = await this.authenticate(request);
    request.caller = caller;
    this.log.assign(aboutOf(request, caller));
    if (needs.length === 0 || needs.some((scope) => caller.scopes.has(scope))) return;
    throw new Problem('FORBIDDEN', `The token lacks the scope ${needs.join(' or ')}`);
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
