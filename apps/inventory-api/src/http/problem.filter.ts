import {
  Catch,
  Inject,
  ServiceUnavailableException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { CONFIG } from '@numbering/lifecycle';
import { processLog, type Config, type Log } from '@numbering/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem, PROBLEM_TYPE, problemBody } from './problem';
import { isAway, problemOf } from './problem-of';

/** Whatever was thrown, by a decision, a store or the framework, becomes one problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log: Log;

  constructor(@Inject(CONFIG) config: Config) {
    this.log = processLog(config);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    if (error instanceof ServiceUnavailableException) {
      // What /health/ready says of a process that is not ready, in the form that its readers know.
      void reply.code(error.getStatus()).send(error.getResponse());
      return;
    }
    const problem = this.told(error, request.id);
    void reply
      .code(problem.status)
      .headers(problem.headers)
      .type(PROBLEM_TYPE)
      .send(JSON.stringify(problemBody(problem, request.originalUrl)));
  }

  /** Nothing of a failure's inside is told; the log has it under the request's id. */
  private told(err: unknown, requestId: string): Problem {
    if (isAway(err)) this.log.warn({ err, requestId }, 'a server that a request needs is away');
    const problem = problemOf(err);
    if (problem) return problem;
    this.log.error({ err, requestId }, 'a request failed');
    return new Problem('INTERNAL', `The service failed; quote request ${requestId}`);
  }
}
