import { ApiProperty } from '@nestjs/swagger';
import { PLANS, type Plan } from '@numbering/contracts';
import { Count, Flag, Id, OneOf, Text, Texts } from '../../http/fields';

const MAX_ALLOWED_OPERATORS = 1_000;

export class TenantBody {
  @OneOf(PLANS)
  plan: Plan;

  @Texts(
    { max: MAX_ALLOWED_OPERATORS },
    { optional: true, nullable: true, description: 'null: all operators; []: none' },
  )
  operatorAllowlist?: string[] | null;
}

export class SuspendTenantBody {
  @Id()
  ticketId: string;

  @Text()
  reason: string;

  @Flag({ optional: true, description: 'false: nothing is recalled; true unless it says so' })
  cascade?: boolean;
}

export class QuotasBody {
  @Count({ optional: true, nullable: true }) MSISDN?: number | null;
  @Count({ optional: true, nullable: true }) SHORT_CODE?: number | null;
  @Count({ optional: true, nullable: true }) ALPHA?: number | null;
  @Count({ optional: true, nullable: true }) maxActiveReservations?: number | null;
  @Count({ optional: true, nullable: true }) maxHolds?: number | null;
}

export class TenantShown {
  @ApiProperty() tenantId: string;
  @ApiProperty({ enum: PLANS }) plan: string;
  @ApiProperty({ type: [String], nullable: true }) operatorAllowlist: string[] | null;
  @ApiProperty({ enum: ['ACTIVE', 'SUSPENDED'] }) status: string;
}

class Effective {
  @ApiProperty() MSISDN: number;
  @ApiProperty() SHORT_CODE: number;
  @ApiProperty() ALPHA: number;
  @ApiProperty() maxActiveReservations: number;
  @ApiProperty() maxHolds: number;
}

export class QuotasShown {
  @ApiProperty({ type: Number, nullable: true }) MSISDN: number | null;
  @ApiProperty({ type: Number, nullable: true }) SHORT_CODE: number | null;
  @ApiProperty({ type: Number, nullable: true }) ALPHA: number | null;
  @ApiProperty({ type: Number, nullable: true }) maxActiveReservations: number | null;
  @ApiProperty({ type: Number, nullable: true }) maxHolds: number | null;
  @ApiProperty({ enum: PLANS }) plan: string;
  @ApiProperty({ type: Effective }) effective: Effective;
}
