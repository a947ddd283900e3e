import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { eventually } from './eventually';
import { freePort } from './test-redis';

export type BillingTells = 'approve' | 'reject' | 'error' | 'timeout' | 'lost';

export interface BillingCallSeen {
  idempotencyKey: string;
  body: Record<string, unknown> & { leaseId: string; tenantId: string; identifier: string };
  answer: BillingTells;
}

/** Steers a billing simulator that runs, over its control door. */
export class BillingControl {
  constructor(readonly url: string) {}

  /** From now on, for one tenant or for all that have no answer of their own. */
  async tell(answer: BillingTells, tenantId?: string): Promise<void> {
    const body = JSON.stringify({ answer, tenantId });
    const response = await fetch(`${this.url}/control`, { method: 'PUT', body });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  }

  /** What was asked about a tenant's leases, oldest first; of all tenants where none is named. */
  async calls(tenantId?: string): Promise<BillingCallSeen[]> {
    const response = await fetch(`${this.url}/control/calls`);
    const calls = (await response.json()) as BillingCallSeen[];
    return calls.filter(({ body }) => tenantId === undefined || body.tenantId === tenantId);
  }
}

/** The billing simulator as a process of a test's own. */
export interface TestBilling extends BillingControl {
  stop: () => Promise<void>;
}

export async function testBilling(): Promise<TestBilling> {
  const main = path.resolve('dist/tools/billing/main.js');
  if (!existsSync(main)) throw new Error('the simulator is not built: npm run build, or npm test');
  const port = await freePort();
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORT: `${port}` },
    stdio: 'ignore',
  });
  const control = new BillingControl(`http://127.0.0.1:${port}`);
  await eventually(async () => (await fetch(`${control.url}/health`)).status, { withinMs: 10_000 });
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.kill('SIGKILL')) await gone;
  };
  return Object.assign(control, { stop });
}
