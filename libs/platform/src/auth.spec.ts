import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import { AuthUnavailable, TokenVerifier, Unauthenticated, bearerOf } from './auth.js';

const ISSUER = 'https://identity.example';
const AUDIENCE = 'numbering';
const NOW_SECONDS = 1_795_000_000;

type SigningKey = { alg: string; kid: string; privateKey: CryptoKey; jwk: JWK };

async function signingKey(alg: string, kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

const sign = (key: SigningKey, claims: JWTPayload = {}): Promise<string> =>
  new SignJWT({
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'user-1',
    exp: NOW_SECONDS + 60,
    tenant_id: 'tenant-1',
    scope: 'numbering:write numbering:tenants:any',
    ...claims,
  })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey);

/** A server of keys that can be told to fail, and counts how often it is asked. */
class KeyServer {
  keys: JWK[] = [];
  fails = false;
  asked = 0;
  private readonly server: Server = createServer((_request, response) => {
    this.asked++;
    response.statusCode = this.fails ? 500 : 200;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.keys }));
  });

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks.json`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('TokenVerifier', () => {
  let rsa: SigningKey;
  let ec: SigningKey;
  let ed: SigningKey;
  let stranger: SigningKey;
  let server: KeyServer;
  let jwksUrl: string;
  let monotonicNowMs: number;
  let wallNowMs: number;

  const verifier = (limits: ConstructorParameters<typeof TokenVerifier>[1] = {}): TokenVerifier =>
    new TokenVerifier({ issuer: ISSUER, audience: AUDIENCE, jwksUrl }, limits, {
      monotonic: () => monotonicNowMs,
      wallMs: () => wallNowMs,
    });

  beforeAll(async () => {
    rsa = await signingKey('RS256', 'rsa-1');
    ec = await signingKey('ES256', 'ec-1');
    ed = await signingKey('EdDSA', 'ed-1');
    stranger = await signingKey('ES256', 'ec-1');
  });

  beforeEach(async () => {
    server = new KeyServer();
    server.keys = [rsa.jwk, ec.jwk, ed.jwk];
    jwksUrl = await server.open();
    monotonicNowMs = 10_000;
    wallNowMs = NOW_SECONDS * 1_000;
  });

  afterEach(() => server.close());

  it('verifies RS256, ES256 and EdDSA', async () => {
    const tokens = verifier();
    for (const key of [rsa, ec, ed]) {
      await expect(tokens.verify(await sign(key))).resolves.toEqual({
        sub: 'user-1',
        tenantId: 'tenant-1',
        scopes: new Set(['numbering:write', 'numbering:tenants:any', 'numbering:read']),
        expiresAtSeconds: NOW_SECONDS + 60,
      });
    }
    expect(server.asked).toBe(1);
  });

  it('takes read for no more than it is, and no scope for none', async () => {
    const tokens = verifier();
    const scopesOf = async (scope?: string) =>
      [...(await tokens.verify(await sign(ec, { scope }))).scopes].sort();
    expect(await scopesOf('numbering:read')).toEqual(['numbering:read']);
    expect(await scopesOf('numbering:write')).toEqual(['numbering:read', 'numbering:write']);
    expect(await scopesOf(undefined)).toEqual([]);
  });

  it.each<[string, JWTPayload, RegExp]>([
    ['another issuer', { iss: 'https://evil.example' }, /claim iss/],
    ['another audience', { aud: 'billing' }, /claim aud/],
    ['an end that is past', { exp: NOW_SECONDS - 1 }, /expired/],
    ['a beginning that is not yet', { nbf: NOW_SECONDS + 60 }, /claim nbf/],
    ['no end', { exp: undefined }, /claim exp/],
    ['no subject', { sub: undefined }, /claim sub/],
    ['an empty subject', { sub: '' }, /subject/],
    ['a tenant that is no text', { tenant_id: 7 }, /tenant_id/],
    ['an empty tenant', { tenant_id: '' }, /tenant_id/],
    ['a scope that is no text', { scope: ['numbering:admin'] }, /scope/],
  ])('refuses %s', async (_what, claims, reason) => {
    const refusal = verifier().verify(await sign(ec, claims));
    await expect(refusal).rejects.toThrow(Unauthenticated);
    await expect(refusal).rejects.toThrow(reason);
  });

  it('refuses forged tokens', async () => {
    const tokens = verifier();
    const genuine = await sign(ec);
    const [head, body, signature] = genuine.split('.') as [string, string, string];
    const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    const secret = new TextEncoder().encode(JSON.stringify(ec.jwk));
    const symmetric = await new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'x' })
      .setProtectedHeader({ alg: 'HS256', kid: ec.kid })
      .setExpirationTime(NOW_SECONDS + 60)
      .sign(secret);
    const unsigned = new UnsecuredJWT({ sub: 'x' }).setIssuer(ISSUER).encode();
    const forged = [
      await sign(stranger),
      `${head}.${body}.${flipped}`,
      `${head}.${Buffer.from('{"sub":"admin"}').toString('base64url')}.${signature}`,
      `${head}.${body}.`,
      symmetric,
      unsigned,
      'a.b.c',
      'nonsense',
      '',
      `${genuine}${'x'.repeat(9_000)}`,
    ];
    for (const token of forged) {
      await expect(tokens.verify(token)).rejects.toThrow(Unauthenticated);
      expect(tokens.verified(token)).toBeUndefined();
    }
  });

  it('remembers a verified token until it expires', async () => {
    const tokens = verifier();
    const token = await sign(rsa);
    expect(tokens.verified(token)).toBeUndefined();
    const verified = await tokens.verify(token);
    expect(tokens.verified(token)).toBe(verified);
    wallNowMs += 59_999;
    expect(tokens.verified(token)).toBe(verified);
    wallNowMs += 1;
    expect(tokens.verified(token)).toBeUndefined();
    await expect(tokens.verify(token)).rejects.toThrow('expired');
  });

  it('says that it cannot say, when the keys were never there', async () => {
    server.fails = true;
    const tokens = verifier();
    const token = await sign(ec);
    await expect(tokens.verify(token)).rejects.toThrow(AuthUnavailable);
    await expect(tokens.verify(token)).rejects.toThrow(AuthUnavailable);
    expect(server.asked).toBe(1);
    server.fails = false;
    monotonicNowMs += 1_001;
    await expect(tokens.verify(token)).resolves.toMatchObject({ sub: 'user-1' });
  });

  it('goes on with the keys it knows while the issuer is away, for a day', async () => {
    const tokens = verifier();
    await tokens.verify(await sign(ec));
    server.fails = true;
    monotonicNowMs += 3_600_000;
    await expect(tokens.verify(await sign(rsa))).resolves.toMatchObject({ sub: 'user-1' });
    monotonicNowMs += 86_400_000;
    await expect(tokens.verify(await sign(rsa))).rejects.toThrow(AuthUnavailable);
  });

  it('learns a new key by the first token that it signed', async () => {
    const tokens = verifier({ unknownKeyPauseMs: 0 });
    await tokens.verify(await sign(ec));
    const fresh = await signingKey('ES256', 'ec-2');
    await expect(tokens.verify(await sign(fresh))).rejects.toThrow('unknown key');
    server.keys.push(fresh.jwk);
    await expect(tokens.verify(await sign(fresh))).resolves.toMatchObject({ sub: 'user-1' });
  });

  it('does not ask the issuer for each token of an unknown key', async () => {
    const tokens = verifier();
    await tokens.verify(await sign(ec));
    const unknown = await sign(await signingKey('ES256', 'ec-9'));
    for (let tries = 0; tries < 5; tries++) {
      await expect(tokens.verify(unknown)).rejects.toThrow('unknown key');
    }
    expect(server.asked).toBe(1);
  });

  it('forgets what it verified when a key is withdrawn', async () => {
    const tokens = verifier();
    const [byRsa, byEc] = [await sign(rsa), await sign(ec)];
    await tokens.verify(byRsa);
    await tokens.verify(byEc);
    server.keys = [ec.jwk];
    monotonicNowMs += 60_001;
    // The first look has the keys fetched in the background; verify waits for the same fetch.
    expect(tokens.verified(byRsa)).toBeDefined();
    await untilUndefined(() => tokens.verified(byRsa));
    await expect(tokens.verify(byRsa)).rejects.toThrow('unknown key');
    await expect(tokens.verify(byEc)).resolves.toMatchObject({ sub: 'user-1' });
  });
});

/** Lets the event loop turn until it is so; jest's own limit bounds it. */
async function untilUndefined(look: () => unknown): Promise<void> {
  while (look() !== undefined) await new Promise((resolve) => setImmediate(resolve));
}

describe('bearerOf', () => {
  it.each([
    ['Bearer abc.def-ghi_j', 'abc.def-ghi_j'],
    ['bearer abc==', 'abc=='],
  ])('reads %j', (header, token) => expect(bearerOf(header)).toBe(token));

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer  two-spaces',
    'Bearer a b',
    ' Bearer a',
    'Bearer a ',
    'Basic YTpi',
    'Bearer a,Bearer b',
    'Bearera',
    'Bearer a=b',
  ])('reads no token in %j', (header) => expect(bearerOf(header)).toBeUndefined());
});
