import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StackFailure } from '../base/failure.mjs';
import { projectNode } from '../setup/dependencies.mjs';
import { toolFile } from './tools.mjs';

const ttl = '30d';
const mintTimeoutMs = 30_000;

const everyScope = [
  ...['numbering:read', 'numbering:write', 'numbering:lease:bypass', 'numbering:tenants:any'],
  ...['numbering:admin', 'numbering:compliance', 'numbering:validate'],
].join(' ');

const run = promisify(execFile);

async function mint(home, args) {
  const env = { ...process.env, NUMBERING_HOME: home.folder };
  try {
    const options = { env, timeout: mintTimeoutMs };
    const { stdout } = await run(
      projectNode,
      [toolFile('cli'), 'token', '--ttl', ttl, ...args],
      options,
    );
    return stdout.trim();
  } catch (cause) {
    throw new StackFailure('A development token could not be minted.', { cause });
  }
}

/** The subject of a tenant's ready token: `actorId` of its own recalls. */
export const tenantSubject = (tenant) => `user-${tenant}`;

/** Those that the pages of inventory-api offer: tenants first, since a portal's developer comes first. */
export const docsTokens = ({ admin, tenants }) => ({ ...tenants, ...(admin ? { admin } : {}) });

/**
 * The ready tokens of stack.json: an admin with every scope, a validator, one for each tenant.
 *
 * @param {string[]} tenants
 */
export async function mintTokens(home, tenants) {
  const write = 'numbering:read numbering:write';
  const [admin, validator, ...own] = await Promise.all([
    mint(home, ['--sub', 'admin', '--scope', everyScope]),
    mint(home, ['--sub', 'validator', '--scope', 'numbering:validate']),
    ...tenants.map((id) =>
      mint(home, ['--tenant', id, '--sub', tenantSubject(id), '--scope', write]),
    ),
  ]);
  return { admin, validator, tenants: Object.fromEntries(tenants.map((id, i) => [id, own[i]])) };
}
