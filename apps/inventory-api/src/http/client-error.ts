import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { requestIdOf } from '@numbering/platform';
import { Problem, PROBLEM_TYPE, problemBody } from './problem';

const HEADER_OVERFLOW = 'HPE_HEADER_OVERFLOW';

/**
 * What is no HTTP request at all, or one with a path or headers beyond Node's limit, never reaches
 * Fastify: it is told so as a problem too, and the connection ends.
 */
export function answerClientErrors(server: Server): void {
  server.removeAllListeners('clientError');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy(error);
      return;
    }
    socket.end(rawAnswer(problemOf(error)), () => socket.destroy());
  });
}

const problemOf = ({ code }: NodeJS.ErrnoException): Problem =>
  code === HEADER_OVERFLOW
    ? new Problem('PAYLOAD_TOO_LARGE', 'Path and headers together are too long')
    : new Problem('MALFORMED', 'This is no HTTP/1.1 request that can be read');

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problemBody(problem, ''));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestIdOf(undefined)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
