import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

/**
 * Where the private key lies in the identity folder; `numbering token` signs with the same file.
 */
export const signingKeyFile = (folder: string): string => path.join(folder, 'private.jwk.json');

/**
 * The development key of this folder, made on first use. Its file is readable by its owner alone.
 *
 * @throws Error when the folder cannot be written or the file holds no JSON.
 */
export async function openSigningKey(folder: string): Promise<JWK> {
  const file = signingKeyFile(folder);
  if (!existsSync(file)) await createSigningKey(folder, file);
  return JSON.parse(readFileSync(file, 'utf8')) as JWK;
}

async function createSigningKey(folder: string, file: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' };
  // A link fails where the file exists, so two first starts agree on one key, and nobody reads half
  // of it.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${JSON.stringify(key, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** What anyone may see of a key: every member but the private one. */
export function publicPart(key: JWK): JWK {
  const { d: _private, ...rest } = key;
  return rest;
}
