import { constants, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CliFailure, exitCodes } from './cli-failure.js';

const rsaPssSaltBytes = 32;

/**
 * The detached signature of a file's exact bytes, base64: Ed25519, or RSA-PSS with SHA-256, by the
 * key's kind.
 */
export function signFile(file: string, keyFile: string): string {
  const bytes = readFileSync(file);
  const key = createPrivateKey(readFileSync(keyFile));
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return sign(null, bytes, key).toString('base64');
    case 'rsa':
    case 'rsa-pss': {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return sign('sha256', bytes, { key, padding, saltLength: rsaPssSaltBytes }).toString(
        'base64',
      );
    }
    default:
      throw new CliFailure(
        exitCodes.usage,
        `${keyFile} is of kind ${key.asymmetricKeyType}: operators sign with Ed25519 or RSA.`,
      );
  }
}
