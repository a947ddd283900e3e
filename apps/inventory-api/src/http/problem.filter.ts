import {
  Catch,
  HttpException,
  Inject,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { CONFIG } from '@numbering/lifecycle';
import {
  AuthUnavailable,
  isPostgresUnavailable,
  processLog,
  StoreUnavailable,
  Unauthenticated,
  type Config,
  type Log,
} from '@numbering/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthGuard } from './auth.guard';
import { Problem, PROBLEM_TYPE, problemBody } from './problem';
import type { ProblemCode } from './refusal-status';

/** When a caller may ask again after 503. */
export const RETRY_AFTER_SECONDS = 1;

/** Refusals of Fastify and of Nest's router, by status; every other 4xx is a request that cannot be read. */
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

/** A path with the identifier of a number in it. */
const NUMBER_PATH = /^\/v1\/(?:admin\/)?numbers\//;

/** Whatever was thrown, by a decision, a store or the framework, becomes one problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log: Log;

  constructor(
    private readonly guard: AuthGuard,
    @Inject(CONFIG) config: Config,
  ) {
    this.log = processLog(config);
  }

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // Nest does not wait for this promise: what it rejects with would end the process.
    try {
      this.answer(await this.problemOf(error, request), request, reply);
    } catch (failure) {
      this.log.error({ err: failure, requestId: request.id }, 'a problem could not be answered');
    }
  }

  private answer(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
    if (reply.sent) return;
    void reply
      .code(problem.status)
      .headers(problem.headers)
      // Fastify refuses some paths before its hooks have run.
      .header('X-Request-Id', request.id)
      .type(PROBLEM_TYPE)
      .send(JSON.stringify(problemBody(problem, request.originalUrl)));
  }

  private async problemOf(error: unknown, request: FastifyRequest): Promise<Problem> {
    if (error instanceof Problem) return error;
    if (error instanceof Unauthenticated) return unauthenticated(error);
    if (isAway(error)) {
      this.log.warn({ err: error, requestId: request.id }, 'a server that a request needs is away');
      return unavailable();
    }
    if (isTooLongSegment(error)) return this.tooLongSegment(request);
    const status = error instanceof HttpException ? error.getStatus() : undefined;
    if (status !== undefined && status < 500) {
      const code = CODE_OF_STATUS[status] ?? 'MALFORMED';
      return new Problem(code, DETAILS[code] ?? '');
    }
    this.log.error({ err: error, requestId: request.id }, 'a request failed');
    return new Problem('INTERNAL', `The service failed; quote request ${request.id}`);
  }

  /** The router gives up on a long segment before any hook: who asks is still told first (ruling 17). */
  private async tooLongSegment(request: FastifyRequest): Promise<Problem> {
    try {
      await this.guard.authenticate(request);
    } catch (refusal) {
      return this.problemOf(refusal, request);
    }
    if (NUMBER_PATH.test(request.originalUrl)) {
      return new Problem('INVALID_IDENTIFIER', 'The identifier in the path is too long');
    }
    return new Problem('NOT_FOUND', 'A segment of the path is longer than any name here');
  }
}

export function unauthenticated({ message }: Unauthenticated): Problem {
  const challenge = `Bearer error="invalid_token", error_description="${message.replaceAll('"', "'")}"`;
  return new Problem('UNAUTHENTICATED', message, {}, { 'WWW-Authenticate': challenge });
}

export const unavailable = (): Problem =>
  new Problem(
    'DEPENDENCY_UNAVAILABLE',
    'A server that this needs does not answer: ask again, with the same Idempotency-Key',
    {},
    { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  );

const isAway = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof AuthUnavailable ||
  isPostgresUnavailable(error);

const isTooLongSegment = (error: unknown): boolean =>
  error instanceof HttpException &&
  (error.cause as { code?: unknown } | undefined)?.code === 'FST_ERR_MAX_PARAM_LENGTH';
