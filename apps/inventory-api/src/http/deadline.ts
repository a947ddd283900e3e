import {
  Injectable,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TimedOut, withinMs } from '@numbering/platform';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { unavailable } from './problem-of';

declare module 'fastify' {
  interface FastifyRequest {
    /** What it took to learn who asks: a part of the time in which an answer is due. */
    admissionMs?: number;
  }
}

/** A caller is answered within 2 s, whatever stands still behind this door. */
export const ANSWER_WITHIN_MS = 1_950;
/** A registration of a thousand identifiers. */
export const REGISTRATION_WITHIN_MS = 30_000;
/** An import of millions of rows. */
export const IMPORT_WITHIN_MS = 600_000;

const LIMIT = 'answer-within-ms';
/** A route with a bound of its own. */
export const AnswersWithin = (limitMs: number) => SetMetadata(LIMIT, limitMs);

/**
 * 503 for a request that has no answer by its bound. What it began goes on and may still commit: a
 * repeat under its Idempotency-Key gets that answer.
 */
@Injectable()
export class DeadlineInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { admissionMs = 0 } = context.switchToHttp().getRequest<FastifyRequest>();
    const own = this.reflector.get<number | undefined>(LIMIT, context.getHandler());
    const limitMs = (own ?? ANSWER_WITHIN_MS) - admissionMs;
    return from(answeredWithin(limitMs, lastValueFrom(next.handle())));
  }
}

/** @throws Problem DEPENDENCY_UNAVAILABLE where the work takes longer */
export async function answeredWithin<T>(limitMs: number, work: Promise<T>): Promise<T> {
  try {
    return await withinMs(limitMs, work);
  } catch (error) {
    if (error instanceof TimedOut) throw unavailable();
    throw error;
  }
}
