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
  @Id({ example: 'C-1204' })
  ticketId: string;

  @Text({ example: 'Phishing' })
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
  @ApiProperty({ enum: PLANS, example: 'business' }) plan: string;
  @ApiProperty({ type: [String], nullable: true, example: null }) operatorAllowlist:
    string[] | null;
  @ApiProperty({ enum: ['ACTIVE', 'SUSPENDED'] }) status: string;
}

class Effective {
  @ApiProperty({ type: 'integer' }) MSISDN: number;
  @ApiProperty({ type: 'integer' }) SHORT_CODE: number;
  @ApiProperty({ type: 'integer' }) ALPHA: number;
  @ApiProperty({ type: 'integer' }) maxActiveReservations: number;
  @ApiProperty({ type: 'integer' }) maxHolds: number;
}

export class QuotasShown {
  @ApiProperty({ type: 'integer', nullable: true }) MSISDN: number | null;
  @ApiProperty({ type: 'integer', nullable: true }) SHORT_CODE: number | null;
  @ApiProperty({ type: 'integer', nullable: true }) ALPHA: number | null;
  @ApiProperty({ type: 'integer', nullable: true }) maxActiveReservations: number | null;
  @ApiProperty({ type: 'integer', nullable: true }) maxHolds: number | null;
  @ApiProperty({ enum: PLANS }) plan: string;
  @ApiProperty({ type: Effective }) effective: Effective;
}
