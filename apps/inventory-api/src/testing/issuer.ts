import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const ISSUER = 'http://issuer.test';
const AUDIENCE = 'numbering';
const KEY_ID = 'test-key';

export interface TokenClaims {
  sub?: string;
  tenant?: string;
  scope?: string;
  expiresIn?: string;
  issuer?: string;
}

/** A real issuer: it publishes its key over HTTP and signs with it. */
export interface TestIssuer {
  environment: Record<string, string>;
  token: (claims: TokenClaims) => Promise<string>;
  close: () => Promise<void>;
}

export async function testIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' };
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: `http://127.0.0.1:${port}/jwks.json`,
    },
    token: ({ sub, tenant, scope = 'numbering:read numbering:write', ...claims }) => {
      const payload = { scope, ...(tenant === undefined ? {} : { tenant_id: tenant }) };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
        .setSubject(sub ?? `user-${tenant ?? 'none'}`)
        .setIssuer(claims.issuer ?? ISSUER)
        .setAudience(AUDIENCE)
        .setExpirationTime(claims.expiresIn ?? '1h')
        .sign(privateKey);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
