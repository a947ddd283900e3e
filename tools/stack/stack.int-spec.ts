import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const root = path.resolve(__dirname, '../..');

interface Stack {
  apps: Record<string, { url: string; pid: number; log: string; grpc?: string }[]>;
  services: Record<string, { url: string; pid?: number }>;
  tokens: { admin: string; validator: string; tenants: Record<string, string> };
}

/** The stack that these tests run in. */
const stack = (): Stack => JSON.parse(readFileSync(process.env.STACK_JSON ?? '', 'utf8')) as Stack;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs an entry of tools/stack in this stack's home. */
const run = (entry: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const file = path.join(root, 'tools/stack', entry);
    execFile(process.execPath, [file, ...args], { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });

describe('a running stack', () => {
  beforeAll(() => {
    // Without it the starts below would start a stack instead of being refused.
    if (!process.env.STACK_JSON) throw new Error('STACK_JSON is not set: run npm test');
  });

  it('has every app ready, with a pid and a log of its own', async () => {
    const { apps } = stack();
    const names = ['inventory-api', 'lease-validator', 'reservation-worker', 'pool-monitor'];
    expect(Object.keys(apps)).toEqual(names);
    for (const { url, pid, log } of Object.values(apps).flat()) {
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      expect((await fetch(`${url}/metrics`)).status).toBe(200);
      expect(() => process.kill(pid, 0)).not.toThrow();
      expect(readFileSync(log, 'utf8')).not.toBe('');
    }
  });

  it.each([[[]], [['--detach']]])('is not started twice (npm start %p)', async (args) => {
    const { code, stderr } = await run('start.mjs', ...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/A stack runs already \(pid \d+/);
  });

  it('is not wiped under the tests that run in it', async () => {
    const home = path.dirname(path.dirname(process.env.STACK_JSON ?? ''));
    const { wipe } = await import('./run/stop-stack.mjs');
    const { openHome } = await import('./base/home.mjs');
    expect(wipe(openHome(home))).toMatchObject({ isDone: false });
  });

  it('mints tokens that the keys of its issuer verify', async () => {
    const scope = 'numbering:read numbering:write';
    const args = ['--tenant', 't-1', '--sub', 'u-1', '--scope', scope, '--ttl', '15m'];
    const { code, stdout } = await run('cli.mjs', 'token', ...args);
    expect(code).toBe(0);
    const keys = createRemoteJWKSet(
      new URL(`${stack().services.identity?.url}/.well-known/jwks.json`),
    );
    for (const jwt of [stdout.trim(), stack().tokens.admin, stack().tokens.validator]) {
      const { payload } = await jwtVerify(jwt, keys, { audience: 'numbering' });
      expect(payload.iss).toBe('http://numbering.local/identity');
    }
    const { payload } = await jwtVerify(stdout.trim(), keys);
    expect(payload).toMatchObject({ sub: 'u-1', tenant_id: 't-1', scope });
  });

  it('runs a job by hand with the settings of the worker', async () => {
    const { code, stdout } = await run('cli.mjs', 'job', 'release-expired');
    expect(code).toBe(0);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      job: 'release-expired',
      failed: 0,
    });
    expect((await run('cli.mjs', 'job', 'no-such-job')).code).toBe(64);
  });

  it('says by exit code what kind of failure a command met', async () => {
    expect((await run('cli.mjs', 'token', '--sub', 'u-1')).code).toBe(64);
    expect((await run('cli.mjs', 'validate', '+93790000000', 't-1')).code).toBe(0);
    expect(await run('cli.mjs', 'outbox', 'parked')).toMatchObject({ code: 0, stdout: '' });
    expect((await run('cli.mjs', 'migrate')).stdout).toMatch(/up to date/);
  });
});
