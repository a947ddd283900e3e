import type { CommandContext, ReserveNumber } from '@numbering/lifecycle';

/** A tenant's user, as the REST door would name it. */
export const callerOf = (tenantId: string): CommandContext => ({
  caller: { sub: 'bench', tenantId, scopes: new Set(['numbering:write']) },
  requestId: 'bench',
});

/** One reservation of a tenant's user, as the REST door would ask for it. */
export const reserveAs = (reserve: ReserveNumber, tenantId: string, number: string) =>
  reserve.run(callerOf(tenantId), {
    identifierClass: 'MSISDN',
    written: number,
    matchKey: number,
  });
