import { ApiProperty } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES, PLANS } from '@numbering/contracts';
import { OwnTenantQuery } from '../http/page';

export class OwnQuotasQuery extends OwnTenantQuery {}

class QuotaUse {
  @ApiProperty({ type: 'integer' }) quota: number;
  @ApiProperty({ type: 'integer' }) current: number;
}

class ClassUse extends QuotaUse {
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty({ type: 'integer' }) remaining: number;
}

export class OwnQuotasShown {
  @ApiProperty({ enum: PLANS }) plan: string;
  @ApiProperty({ type: [ClassUse] }) items: ClassUse[];
  @ApiProperty({ type: QuotaUse }) reservations: QuotaUse;
  @ApiProperty({ type: QuotaUse }) holds: QuotaUse;
}
