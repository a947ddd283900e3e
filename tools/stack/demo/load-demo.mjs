import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeAtomic, writeJson } from '../base/files.mjs';
import { claimDemoNumbers } from './claim-demo.mjs';
import { createDemoApi } from './demo-api.mjs';
import { alphaIds, blockCsv, blockNumbers, demoTenants, shortCodes } from './demo-plan.mjs';

const admin = '/v1/admin/numbering';

/**
 * Loads the demo data through the API, once for each database. Returns a sentence about what was
 * loaded; undefined where it was there already.
 *
 * @throws StackFailure with the API's answer where a call is refused
 */
export async function loadDemo({ home, say, signal }, { apps, services, tokens }) {
  const loadedFile = home.at('demo', `loaded-${databaseMark(services.postgres.url)}.json`);
  if (existsSync(loadedFile)) return undefined;
  say('loading demo data');
  const beganMs = Date.now();
  const api = createDemoApi(apps['inventory-api'][0].url, tokens.admin, signal);
  const { operators, numbers } = await importBlocks(api, home);
  await api.post(`${admin}/identifiers`, { identifiers: shortCodes() }, { key: 'short-codes' });
  await api.post(`${admin}/identifiers`, { identifiers: alphaIds() }, { key: 'alpha-ids' });
  for (const { id, plan } of demoTenants) await api.put(`${admin}/tenants/${id}`, { plan });
  const claimed = await claimDemoNumbers(api, tokens, blockNumbers(operators[0].prefixes[0]));
  writeJson(loadedFile, { at: new Date().toISOString() });
  const seconds = ((Date.now() - beganMs) / 1000).toFixed(1);
  return (
    `Demo data: ${numbers} MSISDNs of ${operators.length} operators, ` +
    `${shortCodes().length} short codes, ${alphaIds().length} alpha IDs, ` +
    `${demoTenants.length} tenants with ${claimed} claims (${seconds} s).`
  );
}

/** Another database has no demo data yet, whatever this home has loaded; its port may change. */
function databaseMark(url) {
  const { hostname, pathname } = new URL(url);
  return createHash('sha256').update(`${hostname}${pathname}`).digest('hex').slice(0, 12);
}

async function importBlocks(api, home) {
  const listed = await api.get(`${admin}/operators`);
  const all = Array.isArray(listed) ? listed : listed.items;
  const withPrefixes = all.filter(({ prefixes }) => prefixes.length > 0);
  const { items: keys } = await api.get(`${admin}/signing-keys`);
  let numbers = 0;
  for (const { operatorId, prefixes } of withPrefixes) {
    const keyId = `demo-${operatorId}`;
    const key = openOperatorKey(home, operatorId);
    if (!keys.some((each) => each.operatorId === operatorId && each.keyId === keyId)) {
      const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' });
      const body = { operatorId, keyId, algorithm: 'Ed25519', publicKeyPem };
      await api.post(`${admin}/signing-keys`, body, { key: `key-${operatorId}` });
    }
    const csv = Buffer.from(blockCsv(prefixes[0]));
    const form = new FormData();
    form.append('operatorId', operatorId);
    form.append('keyId', keyId);
    form.append('signature', sign(null, csv, key).toString('base64'));
    form.append('csvFile', new Blob([csv], { type: 'text/csv' }), `${operatorId}.csv`);
    const { inserted } = await api.postForm(`${admin}/blocks/import`, form);
    numbers += inserted;
  }
  return { operators: withPrefixes, numbers };
}

/** The operator's private key, kept so that more can be signed by hand (`numbering sign`). */
function openOperatorKey(home, operatorId) {
  const file = home.at('demo', `${operatorId}.pem`);
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeAtomic(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  }
  return createPrivateKey(readFileSync(file, 'utf8'));
}
