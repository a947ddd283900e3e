import {
  constants,
  createPublicKey,
  verify,
  type KeyObject,
  type SigningOptions,
} from 'node:crypto';
import { promisify } from 'node:util';
import { isUsable, type SigningKey } from '@numbering/domain';

/** What RSA-PSS signs with here: SHA-256 and a salt of its length (contract). */
const RSA_PSS_SALT_BYTES = 32;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** On a thread of its own: of 128 MB it takes a good part of a second. */
const verifyAside = promisify(
  (
    digest: string | null,
    bytes: Buffer,
    key: KeyObject | ({ key: KeyObject } & SigningOptions),
    signature: Buffer,
    done: (error: Error | null, isValid: boolean) => void,
  ) => verify(digest, bytes, key, signature, done),
);

/**
 * Ruling 5: the key, usable now, under which this detached signature stands over exactly these bytes.
 * `createVerify` cannot stream Ed25519, hence the whole buffer.
 * @param signature base64
 */
export async function signingKeyOf(
  bytes: Buffer,
  signature: string,
  keys: readonly SigningKey[],
  now: Date,
): Promise<SigningKey | undefined> {
  const written = signature.trim();
  if (!BASE64.test(written) || written.length % 4 !== 0) return undefined;
  const decoded = Buffer.from(written, 'base64');
  for (const key of keys) {
    if (isUsable(key, now) && (await verifies(bytes, decoded, key))) return key;
  }
  return undefined;
}

function verifies(bytes: Buffer, signature: Buffer, key: SigningKey): Promise<boolean> {
  const publicKey = createPublicKey(key.publicKeyPem);
  switch (key.algorithm) {
    case 'Ed25519':
      return verifyAside(null, bytes, publicKey, signature);
    case 'RSA-PSS-SHA256': {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const options = { key: publicKey, padding, saltLength: RSA_PSS_SALT_BYTES };
      return verifyAside('sha256', bytes, options, signature);
    }
  }
}
