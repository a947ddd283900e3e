import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { isRefused, type Outcome } from '@numbering/lifecycle';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { REPLAYED_HEADER } from './idempotency';
import { Problem } from './problem';

/**
 * The one place where an outcome becomes an answer: the status of the route with the answer, or the
 * refusal's problem; a repeat under its key says so.
 */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((value: unknown) => {
        if (!isOutcome(value)) return value;
        if (value.replayed) void reply.header(REPLAYED_HEADER, 'true');
        if (isRefused(value)) throw Problem.of(value.refusal);
        return value.answer;
      }),
    );
  }
}

const isOutcome = (value: unknown): value is Outcome<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  'replayed' in value &&
  ('answer' in value || 'refusal' in value);

/** The same outcome with its answer as this door shows it. */
export const shownAs = <A, B>(outcome: Outcome<A>, show: (answer: A) => B): Outcome<B> =>
  isRefused(outcome) ? outcome : { ...outcome, answer: show(outcome.answer) };
