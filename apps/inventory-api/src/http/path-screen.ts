import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { requestIdOf } from '@numbering/platform';
import { AuthGuard } from './auth.guard';
import { Problem, PROBLEM_TYPE, problemBody } from './problem';
import { problemOf } from './problem-of';

const NUMBER_PATH = /^\/v1\/(?:admin\/)?numbers\//;
const NAMED_PATH = /^\/v1\/admin\/numbering\/[a-z-]+\//;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Looks at a path before the router does. Fastify answers a path that cannot be decoded, or a
 * segment that is longer than its router takes, by itself and in a form of its own, before any hook
 * or filter: here they are problems.
 */
export function screenPaths(server: Server, guard: AuthGuard, maxSegmentChars: number): void {
  const route = server.listeners('request') as Listener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const problem = problemOfPath(path, maxSegmentChars);
    if (problem === undefined) {
      for (const listener of route) listener(request, response);
      return;
    }
    void toldAfterWhoAsks(problem, request, response, guard).then((told) =>
      answer(told, request, response),
    );
  });
}

function problemOfPath(path: string, maxSegmentChars: number): Problem | undefined {
  let segments: string[];
  try {
    segments = path.split('/').map(decodeURIComponent);
  } catch {
    return new Problem('MALFORMED', 'The path is not well percent-encoded');
  }
  if (segments.every((segment) => segment.length <= maxSegmentChars)) return undefined;
  if (NUMBER_PATH.test(path)) {
    return new Problem('INVALID_IDENTIFIER', 'The identifier in the path is too long for one');
  }
  return NAMED_PATH.test(path)
    ? new Problem('NOT_FOUND', 'A segment of the path is longer than any name here')
    : undefined;
}

/**
 * Ruling 17: who asks comes before whether a number is one; a path that cannot be read comes before
 * all.
 */
async function toldAfterWhoAsks(
  problem: Problem,
  request: IncomingMessage,
  response: ServerResponse,
  guard: AuthGuard,
): Promise<Problem> {
  try {
    if (problem.code !== 'MALFORMED') await guard.authenticate(request);
    await guard.countIfKnown(request, (headers) =>
      response.setHeaders(new Map(Object.entries(headers))),
    );
    return problem;
  } catch (error) {
    return problemOf(error) ?? new Problem('INTERNAL', 'The service failed');
  }
}

function answer(problem: Problem, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(problem.status, {
    ...problem.headers,
    'Content-Type': PROBLEM_TYPE,
    'X-Request-Id': requestIdOf(request.headers['x-request-id']),
  });
  response.end(JSON.stringify(problemBody(problem, request.url ?? '')));
}
