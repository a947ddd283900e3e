import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';

const ISSUER = 'http://issuer.bench';
const AUDIENCE = 'numbering';
const KEY_ID = 'bench';

/** Signs the tokens of a benchmark's callers, and serves the key that apps verify them with. */
export interface Issuer {
  /** What an app is configured with. */
  env: Readonly<Record<string, string>>;
  token: (sub: string, claims: JWTPayload) => Promise<string>;
}

/** @param resources closes it */
export async function openIssuer(resources: AsyncDisposableStack): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' };
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  resources.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: `http://127.0.0.1:${port}/jwks.json`,
    },
    token: (sub, claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
        .setSubject(sub)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setExpirationTime('2h')
        .sign(privateKey),
  };
}
