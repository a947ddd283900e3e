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
import { Answers, Changes } from '../../http/openapi';
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

  @Get(':tenantId')
  @Needs(ADMINS)
  @Answers(TenantShown)
  async one(@Param('tenantId', PathId) tenantId: string) {
    return tenantView((await this.tenants.find(this.source.manager, tenantId)).facts);
  }

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

  @Get(':tenantId/quotas')
  @Needs(ADMINS)
  @Answers(QuotasShown)
  async quotas(@Param('tenantId', PathId) tenantId: string) {
    const { facts, own } = await this.tenants.find(this.source.manager, tenantId);
    return quotasView(facts, own);
  }

  /** What is null or left out is the plan's. */
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
