import { randomBytes } from 'node:crypto';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startApp } from '../built-app';
import { benchTenant, TENANTS, type Ground } from './ground';

const ISSUER = 'http://issuer.bench';
const AUDIENCE = 'numbering';
const KEY_ID = 'bench';

/** inventory-api as users meet it: a process of its own, on the ground's servers. */
export interface HttpDoor {
  reserve: (tenantId: string, number: string) => Promise<{ status: number; body: string }>;
  /** CPU seconds that it has used. */
  cpuSeconds: () => number;
  close: () => Promise<void>;
}

/** @param connections kept open, one for each caller */
export async function openDoor(ground: Ground, connections: number): Promise<HttpDoor> {
  const issuer = await openIssuer();
  const app = await startApp('inventory-api', ground, {
    ...{ JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWKS_URL: issuer.url },
    CURSOR_SECRET: randomBytes(32).toString('hex'),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const tokens = new Map<string, string>();
  for (let nth = 1; nth <= TENANTS; nth++) {
    tokens.set(benchTenant(nth), await issuer.token(benchTenant(nth)));
  }
  return {
    reserve: (tenantId, number) =>
      post(
        `${app.url}/v1/numbers/${encodeURIComponent(number)}/reserve`,
        agent,
        tokens.get(tenantId),
      ),
    cpuSeconds: app.cpuSeconds,
    close: async () => {
      agent.destroy();
      await app.stop();
      await issuer.close();
    },
  };
}

function post(url: string, agent: Agent, token = ''): Promise<{ status: number; body: string }> {
  const body = '{}';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': body.length,
  };
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    };
    request(url, { method: 'POST', agent, headers }, answered).on('error', reject).end(body);
  });
}

async function openIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' };
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    token: (tenantId: string) =>
      new SignJWT({ tenant_id: tenantId, scope: 'numbering:read numbering:write' })
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
        .setSubject(`user-${tenantId}`)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setExpirationTime('2h')
        .sign(privateKey),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
