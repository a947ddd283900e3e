import type { ReserveNumber } from '@numbering/lifecycle';

/** One reservation of a tenant's user, as the REST door would ask for it. */
export const reserveAs = (reserve: ReserveNumber, tenantId: string, number: string) =>
  reserve.run(
    {
      caller: { sub: 'bench', tenantId, scopes: new Set(['numbering:write']) },
      requestId: 'bench',
    },
    { identifierClass: 'MSISDN', written: number, matchKey: number },
  );
