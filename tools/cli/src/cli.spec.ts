import { constants, generateKeyPairSync, verify } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { CliFailure, isServerAway, reportFailure } from './cli-failure.js';
import { signFile } from './sign-file.js';
import { mintToken, ttlSeconds } from './token.js';

describe('numbering', () => {
  let home: string;
  const homeBefore = process.env.NUMBERING_HOME;
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'numbering-cli-'));
    process.env.NUMBERING_HOME = home;
  });
  afterEach(() => {
    rmSync(home, { recursive: true, force: true });
    if (homeBefore === undefined) delete process.env.NUMBERING_HOME;
    else process.env.NUMBERING_HOME = homeBefore;
  });

  describe('token', () => {
    const options = { sub: 'user-1', scope: 'numbering:read', ttl: '5m' };

    it('is signed by the key of the home and says what was asked for', async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
      mkdirSync(path.join(home, 'identity'));
      const put = (name: string, value: object) =>
        writeFileSync(path.join(home, 'identity', name), JSON.stringify(value));
      put('private.jwk.json', { ...(await exportJWK(privateKey)), kid: 'k-1' });
      put('issuer.json', { issuer: 'http://issuer', audience: 'numbering' });

      const jwt = await mintToken({ ...options, tenant: 't-1' });
      const { payload, protectedHeader } = await jwtVerify(jwt, publicKey, {
        issuer: 'http://issuer',
        audience: 'numbering',
      });
      expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: 'k-1' });
      expect(payload).toMatchObject({ sub: 'user-1', tenant_id: 't-1', scope: 'numbering:read' });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
      const without = await jwtVerify(await mintToken(options), publicKey);
      expect(without.payload).not.toHaveProperty('tenant_id');
    });

    it('needs a stack that has started once', async () => {
      await expect(mintToken(options)).rejects.toMatchObject({ exitCode: 69 });
    });

    it.each([
      ['900s', 900],
      ['5m', 300],
      ['24h', 86_400],
      ['90d', 7_776_000],
    ])('lives %s', (text, seconds) => expect(ttlSeconds(text)).toBe(seconds));

    it.each(['', '0s', '5', '1w', '367d', '-1h', '1.5h'])('refuses --ttl %p', (text) => {
      expect(() => ttlSeconds(text)).toThrow(CliFailure);
    });
  });

  describe('sign', () => {
    const sign = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) => {
      const [file, keyFile] = [path.join(home, 'block.csv'), path.join(home, 'key.pem')];
      writeFileSync(file, 'msisdn\n+93790000001\n');
      writeFileSync(keyFile, key.export({ type: 'pkcs8', format: 'pem' }));
      return Buffer.from(signFile(file, keyFile), 'base64');
    };
    const bytes = Buffer.from('msisdn\n+93790000001\n');

    it('signs exact bytes by Ed25519 and by RSA-PSS, as the import verifies them', () => {
      const ed = generateKeyPairSync('ed25519');
      expect(verify(null, bytes, ed.publicKey, sign(ed.privateKey))).toBe(true);
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const key = { key: rsa.publicKey, padding, saltLength: 32 };
      expect(verify('sha256', bytes, key, sign(rsa.privateKey))).toBe(true);
    });

    it('refuses keys that no operator signs with', () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      expect(() => sign(privateKey)).toThrow(/Ed25519 or RSA/);
    });
  });

  describe('exit codes', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

    it('know a server that is away, however deep the cause lies', () => {
      expect(isServerAway(new TypeError('fetch failed', { cause: refused }))).toBe(true);
      expect(isServerAway(new AggregateError([refused]))).toBe(true);
      expect(isServerAway(new Error('no'))).toBe(false);
    });

    it('are 69 for that, 1 for a failure, and a usage’s own', () => {
      const quiet = jest.spyOn(console, 'error').mockImplementation(() => undefined);
      expect(reportFailure(refused)).toBe(69);
      expect(reportFailure(new Error('no'))).toBe(1);
      expect(reportFailure(new CliFailure(64, 'no'))).toBe(64);
      quiet.mockRestore();
    });
  });
});
