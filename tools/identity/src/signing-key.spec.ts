import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSigningKey, publicPart, signingKeyFile } from './signing-key.js';

describe('signing key of the development issuer', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'numbering-identity-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, readable by its owner alone, even when two ask at once', async () => {
    const [first, second] = await Promise.all([openSigningKey(folder), openSigningKey(folder)]);
    expect(second).toEqual(first);
    expect(await openSigningKey(folder)).toEqual(first);
    expect(statSync(signingKeyFile(folder)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['private.jwk.json']);
  });

  it('publishes everything but the private member', async () => {
    const key = await openSigningKey(folder);
    const published = publicPart(key);
    expect(published).not.toHaveProperty('d');
    expect(published).toMatchObject({
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      use: 'sig',
      kid: key.kid,
    });
  });
});
