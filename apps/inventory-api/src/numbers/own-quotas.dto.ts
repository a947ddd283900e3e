import { ApiProperty } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES, PLANS } from '@numbering/contracts';
import { OwnTenantQuery } from '../http/page';

export class OwnQuotasQuery extends OwnTenantQuery {}

class QuotaUse {
  @ApiProperty() quota: number;
  @ApiProperty() current: number;
}

class ClassUse extends QuotaUse {
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty() remaining: number;
}

export class OwnQuotasShown {
  @ApiProperty({ enum: PLANS }) plan: string;
  @ApiProperty({ type: [ClassUse] }) items: ClassUse[];
  @ApiProperty({ type: QuotaUse }) reservations: QuotaUse;
  @ApiProperty({ type: QuotaUse }) holds: QuotaUse;
}
