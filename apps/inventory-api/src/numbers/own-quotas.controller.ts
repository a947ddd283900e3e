import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import type { Caller } from '@numbering/domain';
import { QuotaLookup } from '@numbering/persistence';
import { AskedBy, ownTenantId } from '../http/asked';
import { Needs, READERS } from '../http/auth.guard';
import { About, Answers } from '../http/openapi';
import { OwnQuotasQuery, OwnQuotasShown } from './own-quotas.dto';

/** US-NUM-011: what a tenant may have, and what it has. */
@ApiTags('numbers')
@Controller('v1/quotas')
export class OwnQuotasController {
  constructor(private readonly lookup: QuotaLookup) {}

  @About(
    'The caller’s quotas and their use',
    'US-NUM-011: by class, and for reservations and holds.',
  )
  @Get()
  @Needs(READERS)
  @Answers(OwnQuotasShown, 'TENANT_MISMATCH')
  async own(@AskedBy() caller: Caller, @Query() query: OwnQuotasQuery) {
    const tenantId = ownTenantId(caller, query.tenantId);
    const { plan, quotas, use } = await this.lookup.find(tenantId);
    return {
      plan,
      items: IDENTIFIER_CLASSES.map((identifierClass) => {
        const [quota, current] = [quotas[identifierClass], use.leases[identifierClass]];
        return { identifierClass, quota, current, remaining: Math.max(0, quota - current) };
      }),
      reservations: { quota: quotas.maxActiveReservations, current: use.activeReservations },
      holds: { quota: quotas.maxHolds, current: use.holds },
    };
  }
}
