import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answers, type Answer, type BillingBook } from './billing-book.js';

const bodyLimitBytes = 64 * 1024;
const idempotencyKeyLimitChars = 255;
/**
 * A question told to time out is hung up on after this long: far beyond any caller's own patience.
 */
const silenceLimitMs = 120_000;

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The simulator's HTTP side: renewals for the service, `/control` for whoever steers it. */
export function createBillingServer(book: BillingBook): Server {
  return createServer((request, response) => {
    route(book, request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return;
      const status = error instanceof Refused ? error.status : 500;
      send(response, status, { error: error instanceof Error ? error.message : String(error) });
    });
  });
}

async function route(book: BillingBook, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  switch (`${request.method} ${pathname}`) {
    case 'POST /v1/lease-renewals':
      return renew(book, request, response);
    case 'PUT /control':
      return control(book, request, response);
    case 'GET /control/calls':
      return send(response, 200, book.calls());
    case 'GET /health':
      return send(response, 200, { status: 'ok' });
    default:
      throw new Refused(404, `nothing at ${request.method} ${pathname}`);
  }
}

async function renew(book: BillingBook, request: IncomingMessage, response: ServerResponse) {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '' || key.length > idempotencyKeyLimitChars) {
    throw new Refused(400, `an Idempotency-Key of 1 to ${idempotencyKeyLimitChars} characters`);
  }
  const body = await readObject(request);
  if (typeof body.leaseId !== 'string' || typeof body.tenantId !== 'string') {
    throw new Refused(422, 'leaseId and tenantId are required');
  }
  const { answer, decision } = book.ask(key, body.tenantId, body);
  if (decision) return send(response, decision.approved ? 200 : 402, decision);
  if (answer === 'error') return send(response, 500, { error: 'told to fail' });
  response.setTimeout(silenceLimitMs, () => response.destroy());
}

async function control(book: BillingBook, request: IncomingMessage, response: ServerResponse) {
  const { answer, tenantId } = await readObject(request);
  if (!answers.includes(answer as Answer)) {
    throw new Refused(422, `answer must be one of ${answers.join(', ')}`);
  }
  if (tenantId !== undefined && (typeof tenantId !== 'string' || tenantId === '')) {
    throw new Refused(422, 'tenantId must be a text, or left out for all tenants');
  }
  book.tell(answer as Answer, tenantId);
  return send(response, 200, tenantId === undefined ? { answer } : { answer, tenantId });
}

async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new Refused(413, `a body of at most ${bodyLimitBytes} bytes`);
    chunks.push(chunk);
  }
  const parsed = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new Refused(400, 'the body must be a JSON object');
  }
  return parsed as Record<string, unknown>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
