import type { JWK } from 'jose';
import { importJWK } from 'jose/key/import';
import { SignJWT } from 'jose/jwt/sign';
import { CliFailure, exitCodes } from './cli-failure.js';
import { homeFolder, readHomeJson } from './stack-file.js';

export interface TokenOptions {
  tenant?: string;
  sub: string;
  scope: string;
  ttl: string;
}

const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const longestTtlSeconds = 366 * unitSeconds.d;

/** Seconds of `900s`, `5m` (minutes), `24h` or `90d`. Throws with 64 for anything else. */
export function ttlSeconds(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (unitSeconds[unit as keyof typeof unitSeconds] ?? NaN);
  if (seconds <= longestTtlSeconds) return seconds;
  throw new CliFailure(exitCodes.usage, `--ttl ${text}: write 900s, 5m, 24h or 90d, 366d at most.`);
}

/**
 * A development token, signed with the key of the stack's issuer.
 *
 * @throws CliFailure 69 where no stack ever started in this home, so that there is no key.
 */
export async function mintToken({ tenant, sub, scope, ttl }: TokenOptions): Promise<string> {
  const seconds = ttlSeconds(ttl);
  const key = readHomeJson<JWK>('identity', 'private.jwk.json');
  const issuer = readHomeJson<{ issuer: string; audience: string }>('identity', 'issuer.json');
  if (!key || !issuer) {
    const where = `${homeFolder()}/identity`;
    throw new CliFailure(
      exitCodes.serverAway,
      `No development key in ${where}: \`npm start\` makes one, unless JWKS_URL is given.`,
    );
  }
  const nowSeconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ scope, ...(tenant === undefined ? {} : { tenant_id: tenant }) })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'JWT' })
    .setSubject(sub)
    .setIssuer(issuer.issuer)
    .setAudience(issuer.audience)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + seconds)
    .sign(await importJWK(key, 'ES256'));
}
