import { refuse, type Refusal } from './refusal';

export const SCOPES = [
  'numbering:read',
  'numbering:write',
  'numbering:lease:bypass',
  'numbering:tenants:any',
  'numbering:admin',
  'numbering:compliance',
  'numbering:validate',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks, as the verified token says. */
export interface Caller {
  sub: string;
  tenantId?: string;
  scopes: ReadonlySet<string>;
}

export const has = (caller: Caller, scope: Scope): boolean => caller.scopes.has(scope);

/** An admin process whose subject says so may name another actor (ruling 21). */
export const isSystemActor = (caller: Caller): boolean =>
  caller.sub.startsWith('system:') && has(caller, 'numbering:admin');

/** Admins and compliance officers see every owner and may recall for any reason. */
export const isOfficer = (caller: Caller): boolean =>
  has(caller, 'numbering:admin') || has(caller, 'numbering:compliance');

/**
 * The tenant for which the caller acts: the one it names, else its token's.
 * Whether it may is `mayActFor`'s to say, so that an unknown number is told first (ruling 17).
 */
export const actingTenantId = (caller: Caller, asked?: string): string | undefined =>
  asked ?? caller.tenantId;

/** Ruling 15: another tenant than the token's needs `numbering:tenants:any`; none at all is nobody. */
export function mayActFor(caller: Caller, tenantId: string | undefined): Refusal | undefined {
  if (tenantId === undefined) {
    return refuse('TENANT_MISMATCH', 'The token names no tenant: name one with tenantId');
  }
  if (tenantId === caller.tenantId || has(caller, 'numbering:tenants:any')) return undefined;
  return refuse('TENANT_MISMATCH', 'tenantId is not the tenant of the token');
}

export function mayWrite(caller: Caller): Refusal | undefined {
  if (has(caller, 'numbering:write')) return undefined;
  return refuse('FORBIDDEN', 'The token lacks the scope numbering:write');
}
