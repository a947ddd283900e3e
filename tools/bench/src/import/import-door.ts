import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { openAsBlob, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { startApp, type BuiltApp } from '../built-app';
import { mustBe } from '../benchmark';
import { openIssuer } from '../issuer';
import type { Stores } from '../stores';
import { FAULTS_OF_EACH_KIND, type OperatorFile } from './operator-file';

const OPERATOR = 'ROSHAN';
const KEY_ID = 'bench';
const ADMIN = '/v1/admin/numbering';
const KIB = 1024;

/** inventory-api as operators' files meet it: a process of its own. */
export interface ImportDoor {
  /** @throws WrongAnswer where the summary is not that of the file */
  import: (file: OperatorFile) => Promise<{ seconds: number; cpuSeconds: number; peakMb: number }>;
}

/** @param resources closes it */
export async function openImportDoor(
  resources: AsyncDisposableStack,
  stores: Stores,
): Promise<ImportDoor> {
  const issuer = await openIssuer(resources);
  const app = await startApp(resources, 'inventory-api', stores, issuer.env);
  const token = await issuer.token('bench-admin', { scope: 'numbering:admin' });
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const post = (path: string, body: FormData | string) =>
    fetch(new URL(path, app.url), {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${token}`,
        ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
      },
    });
  const key = { operatorId: OPERATOR, keyId: KEY_ID, algorithm: 'Ed25519', publicKeyPem };
  const added = await post(`${ADMIN}/signing-keys`, JSON.stringify(key));
  mustBe('a signing key is added', added.status, 201);
  return {
    import: async (file) => {
      const form = await signedForm(file, privateKey);
      forgetPeak(app);
      const cpuBefore = app.cpuSeconds();
      const beganMs = performance.now();
      const answer = await post(`${ADMIN}/blocks/import`, form);
      const seconds = (performance.now() - beganMs) / 1_000;
      const cpuSeconds = app.cpuSeconds() - cpuBefore;
      mustBe('an import', answer.status, 201);
      const { inserted, duplicates, invalid } = (await answer.json()) as Record<string, number>;
      mustBe('inserted', inserted, file.rows);
      mustBe('duplicates', duplicates, FAULTS_OF_EACH_KIND);
      mustBe('invalid', invalid, FAULTS_OF_EACH_KIND);
      return { seconds, cpuSeconds, peakMb: peakMbOf(app) };
    },
  };
}

async function signedForm({ csvPath }: OperatorFile, key: KeyObject): Promise<FormData> {
  const form = new FormData();
  form.append('operatorId', OPERATOR);
  form.append('keyId', KEY_ID);
  form.append('signature', sign(null, await readFile(csvPath), key).toString('base64'));
  form.append('csvFile', await openAsBlob(csvPath, { type: 'text/csv' }), 'block.csv');
  return form;
}

/** Linux counts the peak anew from here on. */
const forgetPeak = ({ pid }: BuiltApp): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

function peakMbOf({ pid }: BuiltApp): number {
  const peakKib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(peakKib) / KIB;
}
