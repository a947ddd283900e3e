import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CliFailure, exitCodes } from './cli-failure.js';

/** The checkout, seen from dist/tools/cli. */
export const root = path.resolve(__dirname, '../../..');

/** The folder of the stack meant: NUMBERING_HOME, else where STACK_JSON lies, else `.numbering`. */
export function homeFolder(): string {
  const { NUMBERING_HOME, STACK_JSON } = process.env;
  if (NUMBERING_HOME) return path.resolve(root, NUMBERING_HOME);
  return STACK_JSON ? path.dirname(path.resolve(root, STACK_JSON)) : path.join(root, '.numbering');
}

/** What a running stack wrote down about itself. */
export interface StackFile {
  apps: {
    'inventory-api': { url: string }[];
    'lease-validator': { url: string; grpc: string }[];
  };
  services: { postgres: { url: string } };
  tokens: { admin?: string; validator?: string };
}

/** JSON of a file in the home; undefined where there is none. */
export function readHomeJson<T>(...names: string[]): T | undefined {
  try {
    return JSON.parse(readFileSync(path.join(homeFolder(), ...names), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The running stack. Throws with exit code 69 where none runs. */
export function runningStack(): StackFile {
  const stack = readHomeJson<StackFile>('stack.json');
  if (stack) return stack;
  throw new CliFailure(
    exitCodes.serverAway,
    `No stack runs from ${homeFolder()}: start one with \`npm start\`.`,
  );
}

/**
 * inventory-api and a token for it: NUMBERING_API and NUMBERING_TOKEN of the caller, else the
 * running stack's, as its admin. Throws with 69 where there is neither.
 */
export function adminApi(): { url: string; token: string } {
  const { NUMBERING_API, NUMBERING_TOKEN } = process.env;
  if (NUMBERING_API && NUMBERING_TOKEN) return { url: NUMBERING_API, token: NUMBERING_TOKEN };
  const { apps, tokens } = runningStack();
  const url = NUMBERING_API || apps['inventory-api'][0]?.url;
  const token = NUMBERING_TOKEN || tokens.admin;
  if (url && token) return { url, token };
  throw new CliFailure(exitCodes.serverAway, 'The running stack has no inventory-api or no admin.');
}

/**
 * DATABASE_URL of the caller, else the running stack's database. Throws with 69 where there is
 * neither.
 */
export function databaseUrl(): string {
  return process.env.DATABASE_URL || runningStack().services.postgres.url;
}
