import { refuse, type Refusal } from '@numbering/domain';
import { PROBLEMS, type ProblemCode } from './refusal-status';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
/** Where a code is explained; `problem.type` points there. */
export const ERRORS_PAGE = '/docs/errors';
/** A path longer than this is shown by its beginning. */
const MAX_INSTANCE_CHARS = 256;

/** What this door answers instead of what was asked for. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = 'Problem';
  }

  /** A decision's refusal as it is: code and members are the same at every door. */
  static of({ code, detail, members }: Refusal): Problem {
    return new Problem(code, detail, members);
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** One member of a body, form or query that is wrong. */
export interface Fault {
  field: string;
  code: string;
  message: string;
}

/** 422 `VALIDATION_FAILED` with everything that is wrong at once. */
export const validationFailed = (errors: readonly Fault[]): Problem =>
  Problem.of(refuse('VALIDATION_FAILED', 'Some members are wrong: see errors', { errors }));

/** The body of RFC 9457. No member of a refusal can stand in for one of the format's own. */
export function problemBody(problem: Problem, url: string): Record<string, unknown> {
  const { code, status, message, members } = problem;
  return {
    ...members,
    type: `${ERRORS_PAGE}#${code}`,
    title: PROBLEMS[code].title,
    status,
    detail: message,
    instance: url.split('?', 1)[0]?.slice(0, MAX_INSTANCE_CHARS),
    code,
  };
}
