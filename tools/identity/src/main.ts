// Development issuer: publishes the public half of the key that `numbering token` signs with.
// Loopback only.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JWK } from 'jose';
import { openSigningKey, publicPart } from './signing-key.js';

const jwksMaxAgeSeconds = 60;

function answer(key: JWK, request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  response.setHeader('content-type', 'application/json');
  if (isRead && pathname === '/.well-known/jwks.json') {
    response.setHeader('cache-control', `public, max-age=${jwksMaxAgeSeconds}`);
    response.end(JSON.stringify({ keys: [publicPart(key)] }));
  } else if (isRead && pathname === '/health') {
    response.end(JSON.stringify({ status: 'ok' }));
  } else {
    response.statusCode = 404;
    response.end(JSON.stringify({ error: `nothing at ${request.method} ${pathname}` }));
  }
}

async function main(): Promise<void> {
  const { PORT, HOST = '127.0.0.1', IDENTITY_FOLDER } = process.env;
  if (!PORT || !IDENTITY_FOLDER) {
    console.error('identity: set PORT and IDENTITY_FOLDER (the folder that keeps the signing key)');
    process.exit(78);
  }
  const key = await openSigningKey(IDENTITY_FOLDER);
  const server = createServer((request, response) => answer(key, request, response));
  server.on('error', (error) => {
    console.error(`identity: cannot listen on ${HOST}:${PORT}: ${error.message}`);
    process.exit(1);
  });
  server.listen(Number(PORT), HOST, () => console.log(`identity on http://${HOST}:${PORT}`));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      server.close(() => process.exit(0));
      server.closeAllConnections();
    });
  }
}

void main();
