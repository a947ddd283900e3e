import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson, writeJson } from './files.mjs';

/** The checkout. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/**
 * The places of one stack: everything it keeps lies in one folder, so that two stacks never meet.
 *
 * @param {string} [folder] default: NUMBERING_HOME, else `.numbering` of the checkout
 */
export function openHome(folder = process.env.NUMBERING_HOME || '.numbering') {
  const base = path.resolve(root, folder);
  const at = (...names) => path.join(base, ...names);
  return {
    folder: base,
    at,
    stackFile: at('stack.json'),
    lockFile: at('lock'),
    processesFile: at('processes.json'),
    environmentFile: at('environment.json'),
    secretsFile: at('secrets.json'),
    /** Survives a stop: a wipe must find data that had to lie outside the home. */
    outsideFile: at('outside.json'),
    identityFolder: at('identity'),
    logFile: (name) => at('logs', `${name}.log`),
  };
}

/** The home that `npm test` uses beside a running stack. */
export const testHome = (home) => openHome(home.at('test'));

/** The home that `npm run bench` uses. */
export const benchHome = (home) => openHome(home.at('bench'));

/** Makes the home's folders. Readable by others: the database runs as a user of its own. */
export function createHome(home) {
  mkdirSync(home.at('logs'), { recursive: true });
}

/** Secrets of this home, made once: they must outlive a restart, as the data does. */
export function openSecrets(home) {
  const kept = readJson(home.secretsFile);
  if (kept) return kept;
  const secrets = {
    databasePassword: randomBytes(18).toString('base64url'),
    cursorSecret: randomBytes(32).toString('base64url'),
  };
  writeJson(home.secretsFile, secrets, 0o600);
  return secrets;
}
