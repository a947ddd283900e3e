import path from 'node:path';
import { runCommand } from '../base/commands.mjs';
import { writeJson } from '../base/files.mjs';
import { root } from '../base/home.mjs';
import { projectNode } from '../setup/dependencies.mjs';
import { processEnvironment, tokenNames } from './environment.mjs';
import { launchNode } from './launch-node.mjs';

const defaultPorts = { billing: 3004, identity: 3005 };
const stopTimeoutMs = 5_000;
const migrateTimeoutMs = 300_000;

/** The built file of a tool. */
export const toolFile = (tool) => path.join(root, 'dist/tools', tool, 'main.js');

async function startTool(context, name, extra) {
  const port = await context.takePort(defaultPorts[name]);
  const url = `http://127.0.0.1:${port}`;
  const env = processEnvironment({ ...extra, HOST: '127.0.0.1', PORT: String(port) });
  const handle = await launchNode(context, {
    ...{ name, stage: 'tool', file: toolFile(name), env, stopTimeoutMs },
    readyUrl: `${url}/health`,
  });
  return { url, pid: handle.pid };
}

/** The billing service: the given one, else the simulator. */
export async function startBilling(context) {
  const given = process.env.BILLING_URL;
  return given ? { url: given } : startTool(context, 'billing', {});
}

/** Who signs tokens: the given JWKS, else the development issuer with a key in the home. */
export async function startIdentity(context) {
  const given = process.env.JWKS_URL;
  if (given) return { url: given, jwksUrl: given };
  const { identityFolder } = context.home;
  const started = await startTool(context, 'identity', { IDENTITY_FOLDER: identityFolder });
  writeJson(path.join(identityFolder, 'issuer.json'), tokenNames());
  return { ...started, jwksUrl: `${started.url}/.well-known/jwks.json` };
}

/** Brings the schema up to date. */
export async function migrate({ home, signal }, databaseUrl) {
  await runCommand({
    what: 'The migrations failed',
    command: projectNode,
    args: ['--enable-source-maps', toolFile('cli'), 'migrate'],
    env: processEnvironment({ DATABASE_URL: databaseUrl }),
    ...{ cwd: root, logFile: home.logFile('migrate'), timeoutMs: migrateTimeoutMs, signal },
  });
}
