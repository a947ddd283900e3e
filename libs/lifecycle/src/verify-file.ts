// A thread of its own, which Node runs as a file of its own: hence `require`, and nothing of ours.
// A signature stands over a whole file. Here that is in memory once, delays nobody, and is gone with
// the thread; `verify` with a callback would copy it, and a heap gives it back when it pleases.
import type { VerifyFileAsk } from './verify-signature';

const { constants, createPublicKey, verify } =
  require('node:crypto') as typeof import('node:crypto');
const { readSync } = require('node:fs') as typeof import('node:fs');
const { parentPort, workerData } =
  require('node:worker_threads') as typeof import('node:worker_threads');

/** What RSA-PSS signs with here: SHA-256 and a salt of its length (contract). */
const RSA_PSS_SALT_BYTES = 32;

const { fd, bytes, signature, keys } = workerData as VerifyFileAsk;

function whole(): Buffer {
  const read = Buffer.allocUnsafeSlow(bytes);
  for (let at = 0; at < bytes;) {
    const count = readSync(fd, read, at, bytes - at, at);
    if (count === 0) throw new Error(`the file ends at ${at} of ${bytes} bytes`);
    at += count;
  }
  return read;
}

function fits(file: Buffer, { algorithm, publicKeyPem }: VerifyFileAsk['keys'][number]): boolean {
  const key = createPublicKey(publicKeyPem);
  switch (algorithm) {
    case 'Ed25519':
      return verify(null, file, key, signature);
    case 'RSA-PSS-SHA256': {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return verify('sha256', file, { key, padding, saltLength: RSA_PSS_SALT_BYTES }, signature);
    }
  }
}

const file = whole();
parentPort?.postMessage(keys.findIndex((key) => fits(file, key)));
