import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { LEDGER_ACTIONS, NUMBER_ACTIONS } from '@numbering/contracts';
import { Id, Moment, OneOf } from '../../http/fields';
import { PageQuery } from '../../http/page';
import { HistoryItem } from '../../numbers/number.answers';

const ACTIONS = [...NUMBER_ACTIONS, ...LEDGER_ACTIONS];

export class AuditListQuery extends PageQuery {
  @Id({ optional: true }) identifier?: string;
  @Id({ optional: true }) actor?: string;
  @OneOf(ACTIONS, { optional: true }) action?: string;
  @Moment({ optional: true, description: 'Inclusive' }) from?: Date;
  @Moment({ optional: true, description: 'Exclusive' }) to?: Date;
}

export class AuditItem extends HistoryItem {
  @ApiProperty({ enum: ACTIONS }) declare action: string;
  @ApiPropertyOptional({ example: '+93790000001' }) identifier?: string;
  @ApiPropertyOptional({ type: Object }) detail?: object;
}
