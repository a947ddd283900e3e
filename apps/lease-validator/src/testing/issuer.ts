import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';

const AUDIENCE = 'numbering';
const KEY_ID = 'test-1';

/** An issuer of tokens whose key server can be closed. */
export class Issuer {
  private constructor(
    private readonly server: Server,
    private readonly privateKey: CryptoKey,
    readonly url: string,
  ) {}

  static async open(): Promise<Issuer> {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' };
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new Issuer(server, privateKey, `http://127.0.0.1:${port}`);
  }

  /** What an app is configured with. */
  get env(): Record<string, string> {
    return {
      GRPC_AUTH: 'jwt',
      JWT_ISSUER: this.url,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: `${this.url}/jwks.json`,
    };
  }

  token(claims: JWTPayload = {}, lifeSeconds = 60): Promise<string> {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    return new SignJWT({
      iss: this.url,
      aud: AUDIENCE,
      sub: 'sms-orchestrator',
      scope: 'numbering:validate',
      exp: nowSeconds + lifeSeconds,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
      .sign(this.privateKey);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
