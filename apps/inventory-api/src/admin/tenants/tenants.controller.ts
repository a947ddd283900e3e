import { Body, Controller, Get, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { NO_OVERRIDES } from '@numbering/domain';
import {
  ChangeTenant,
  quotasView,
  ReinstateTenant,
  SetQuotas,
  SuspendTenant,
  tenantView,
  type CommandContext,
} from '@numbering/lifecycle';
import { TenantStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { Command, PathId } from '../../http/asked';
import { ADMINS, Needs, OFFICERS } from '../../http/auth.guard';
import { About, Answers, Changes } from '../../http/openapi';
import { NoMembers } from '../no-members.dto';
import { QuotasBody, QuotasShown, SuspendTenantBody, TenantBody, TenantShown } from './tenants.dto';

/**
 * Plans, allowlists, standing and quotas of tenants (US-NUM-004, 011). One nobody told us about has
 * a plan too.
 */
@ApiTags('admin: tenants')
@Controller('v1/admin/numbering/tenants')
export class TenantsController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly tenants: TenantStore,
    private readonly changeTenant: ChangeTenant,
    private readonly suspendTenant: SuspendTenant,
    private readonly reinstateTenant: ReinstateTenant,
    private readonly setQuotas: SetQuotas,
  ) {}

  @About(
    'A tenant’s plan, allowlist and standing',
    'One that nobody told the service about is `starter`, may use all operators and is ACTIVE.',
  )
  @Get(':tenantId')
  @Needs(ADMINS)
  @Answers(TenantShown)
  async one(@Param('tenantId', PathId) tenantId: string) {
    return tenantView((await this.tenants.find(this.source.manager, tenantId)).facts);
  }

  @About(
    'Set a tenant’s plan and allowlist',
    'US-NUM-011: quotas follow at once. Left out, the allowlist stays; null is all operators, [] none.',
  )
  @Put(':tenantId')
  @Needs(ADMINS)
  @Changes(200, TenantShown)
  put(
    @Command() context: CommandContext,
    @Param('tenantId', PathId) tenantId: string,
    @Body() { plan, operatorAllowlist }: TenantBody,
  ) {
    return this.changeTenant.run(context, tenantId, { plan, operatorAllowlist });
  }

  @About(
    'Suspend a tenant',
    'US-NUM-004: every lease is recalled and every claim released under the ticket, by the worker; validation says LEASE_SUSPENDED at once. With `cascade: false` nothing is recalled, and it is reversible (ruling 25).',
  )
  @Post(':tenantId/suspend')
  @Needs(OFFICERS)
  @Changes(200, TenantShown)
  suspend(
    @Command() context: CommandContext,
    @Param('tenantId', PathId) tenantId: string,
    @Body() { ticketId, reason, cascade = true }: SuspendTenantBody,
  ) {
    return this.suspendTenant.run(context, tenantId, { ticketId, reason, cascade });
  }

  @About(
    'Reinstate a suspended tenant',
    'Ruling 25: it may claim again, and what is left of a cascade stops.',
  )
  @Post(':tenantId/reinstate')
  @Needs(OFFICERS)
  @Changes(200, TenantShown)
  reinstate(
    @Command() context: CommandContext,
    @Param('tenantId', PathId) tenantId: string,
    @Body() _none: NoMembers,
  ) {
    return this.reinstateTenant.run(context, tenantId);
  }

  @About('A tenant’s own quotas, and what holds', 'US-NUM-011: null is the plan’s.')
  @Get(':tenantId/quotas')
  @Needs(ADMINS)
  @Answers(QuotasShown)
  async quotas(@Param('tenantId', PathId) tenantId: string) {
    const { facts, own } = await this.tenants.find(this.source.manager, tenantId);
    return quotasView(facts, own);
  }

  /** What is null or left out is the plan's. */
  @About(
    'Set a tenant’s own quotas',
    'US-NUM-011: null or left out is the plan’s. What is above a lowered quota already stays.',
  )
  @Put(':tenantId/quotas')
  @Needs(ADMINS)
  @Changes(200, QuotasShown)
  putQuotas(
    @Command() context: CommandContext,
    @Param('tenantId', PathId) tenantId: string,
    @Body() { MSISDN, SHORT_CODE, ALPHA, maxActiveReservations, maxHolds }: QuotasBody,
  ) {
    return this.setQuotas.run(context, tenantId, {
      MSISDN: MSISDN ?? NO_OVERRIDES.MSISDN,
      SHORT_CODE: SHORT_CODE ?? NO_OVERRIDES.SHORT_CODE,
      ALPHA: ALPHA ?? NO_OVERRIDES.ALPHA,
      maxActiveReservations: maxActiveReservations ?? NO_OVERRIDES.maxActiveReservations,
      maxHolds: maxHolds ?? NO_OVERRIDES.maxHolds,
    });
  }
}
