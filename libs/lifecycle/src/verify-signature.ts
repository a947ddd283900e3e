import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { isUsable, type SigningKey } from '@numbering/domain';
import type { SpooledFile } from '@numbering/platform';

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Beside the bundle, or beside this source. */
const THREAD = path.join(__dirname, `verify-file${path.extname(__filename)}`);

/** What the thread is asked; it answers which of the keys fits first, -1 for none. */
export interface VerifyFileAsk {
  fd: number;
  bytes: number;
  signature: Uint8Array;
  keys: Pick<SigningKey, 'algorithm' | 'publicKeyPem'>[];
}

/**
 * Ruling 5: the key, usable now, under which this detached signature stands over exactly these bytes.
 * `createVerify` cannot stream Ed25519, hence the whole file in the memory of a thread.
 * @param signature base64
 */
export async function signingKeyOf(
  { fd, bytes }: SpooledFile,
  signature: string,
  keys: readonly SigningKey[],
  now: Date,
): Promise<SigningKey | undefined> {
  const written = signature.trim();
  const usable = keys.filter((key) => isUsable(key, now));
  const isBase64 = BASE64.test(written) && written.length % 4 === 0;
  if (!isBase64 || usable.length === 0) return undefined;
  const ask: VerifyFileAsk = {
    fd,
    bytes,
    signature: Buffer.from(written, 'base64'),
    keys: usable.map(({ algorithm, publicKeyPem }) => ({ algorithm, publicKeyPem })),
  };
  const thread = new Worker(THREAD, { workerData: ask });
  // Both reject where the thread fails. At its exit its memory is given back.
  const [[fitting]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
  return usable[fitting as number];
}
