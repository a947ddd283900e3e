import { constants, createPublicKey, verify } from 'node:crypto';
import { isUsable, type SigningKey } from '@numbering/domain';

/** What RSA-PSS signs with here: SHA-256 and a salt of its length (contract). */
const RSA_PSS_SALT_BYTES = 32;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Ruling 5: the key, usable now, under which this detached signature stands over exactly these bytes.
 * `createVerify` cannot stream Ed25519, hence the whole buffer.
 * @param signature base64
 */
export function signingKeyOf(
  bytes: Buffer,
  signature: string,
  keys: readonly SigningKey[],
  now: Date,
): SigningKey | undefined {
  const written = signature.trim();
  if (!BASE64.test(written) || written.length % 4 !== 0) return undefined;
  const decoded = Buffer.from(written, 'base64');
  return keys.find((key) => isUsable(key, now) && verifies(bytes, decoded, key));
}

function verifies(bytes: Buffer, signature: Buffer, key: SigningKey): boolean {
  const publicKey = createPublicKey(key.publicKeyPem);
  switch (key.algorithm) {
    case 'Ed25519':
      return verify(null, bytes, publicKey, signature);
    case 'RSA-PSS-SHA256': {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const options = { key: publicKey, padding, saltLength: RSA_PSS_SALT_BYTES };
      return verify('sha256', bytes, options, signature);
    }
  }
}
