import { Agent, request, type IncomingMessage } from 'node:http';
import { startApp } from '../built-app';
import { openIssuer } from '../issuer';
import { benchTenant, TENANTS, type Ground } from './ground';

const SCOPE = 'numbering:read numbering:write';

/** inventory-api as users meet it: a process of its own, on the ground's servers. */
export interface HttpDoor {
  reserve: (tenantId: string, number: string) => Promise<{ status: number; body: string }>;
  /** CPU seconds that it has used. */
  cpuSeconds: () => number;
}

/**
 * @param resources closes it
 * @param connections kept open, one for each caller
 */
export async function openDoor(
  resources: AsyncDisposableStack,
  ground: Ground,
  connections: number,
): Promise<HttpDoor> {
  const issuer = await openIssuer(resources);
  const app = await startApp(resources, 'inventory-api', ground, issuer.env);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  resources.defer(() => agent.destroy());
  const tokens = new Map<string, string>();
  for (let nth = 1; nth <= TENANTS; nth++) {
    const tenant_id = benchTenant(nth);
    tokens.set(tenant_id, await issuer.token(`user-${tenant_id}`, { tenant_id, scope: SCOPE }));
  }
  return {
    reserve: (tenantId, number) =>
      post(
        `${app.url}/v1/numbers/${encodeURIComponent(number)}/reserve`,
        agent,
        tokens.get(tenantId),
      ),
    cpuSeconds: app.cpuSeconds,
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
