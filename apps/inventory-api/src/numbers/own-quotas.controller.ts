import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import type { Caller } from '@numbering/domain';
import { TenantStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { AskedBy, ownTenantId } from '../http/asked';
import { Needs, READERS } from '../http/auth.guard';
import { Answers } from '../http/openapi';
import { OwnQuotasQuery, OwnQuotasShown } from './own-quotas.dto';

/** US-NUM-011: what a tenant may have, and what it has. */
@ApiTags('numbers')
@Controller('v1/quotas')
export class OwnQuotasController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly tenants: TenantStore,
  ) {}

  @Get()
  @Needs(READERS)
  @Answers(OwnQuotasShown, 'TENANT_MISMATCH')
  async own(@AskedBy() caller: Caller, @Query() query: OwnQuotasQuery) {
    const tenantId = ownTenantId(caller, query.tenantId);
    const { plan, quotas, use } = (await this.tenants.find(this.source.manager, tenantId)).facts;
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
