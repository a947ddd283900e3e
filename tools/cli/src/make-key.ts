import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const ownerOnly = 0o600;

/**
 * Writes a fresh private key and gives the body of `POST /v1/admin/numbering/signing-keys` that
 * registers its public half. An operator makes its keys itself; this is for trying things out.
 */
export function makeKey(
  file: string,
  { operator, key }: { operator: string; key: string },
): string {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: ownerOnly });
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' });
  return JSON.stringify({ operatorId: operator, keyId: key, algorithm: 'Ed25519', publicKeyPem });
}
