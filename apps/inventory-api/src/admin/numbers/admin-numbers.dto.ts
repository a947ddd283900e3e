import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MIN_JUSTIFICATION_CHARS, NUMBER_STATES } from '@numbering/domain';
import { ValidateIf } from 'class-validator';
import { Id, IsText, Moment, Text } from '../../http/fields';
import { PageQuery } from '../../http/page';

const MAX_JUSTIFICATION_CHARS = 2_000;

export class WhyBody {
  @Text({ example: 'Complaint 4711 is looked into' })
  reason: string;

  @Id({ optional: true })
  ticketId?: string;
}

export class OverrideBody {
  /** Whether it is there and long enough is a decision with a code of its own. */
  @ApiProperty({
    ...{ minLength: MIN_JUSTIFICATION_CHARS, maxLength: MAX_JUSTIFICATION_CHARS },
    example: 'Found to be unfounded, see T-4711',
  })
  @ValidateIf((_, value) => typeof value === 'string')
  @IsText(0, MAX_JUSTIFICATION_CHARS)
  justification: string;
}

export class HistoryAtQuery extends PageQuery {
  @Moment({ optional: true, description: 'Who held it at this moment' })
  at?: Date;
}

export class StandingShown {
  @ApiProperty() identifier: string;
  @ApiProperty() at: Date;
  @ApiProperty({ enum: NUMBER_STATES, example: 'LEASED' }) state: string;
  @ApiPropertyOptional({ example: 'acme' }) tenantId?: string;
  @ApiPropertyOptional({ format: 'uuid' }) leaseId?: string;
  @ApiProperty() since: Date;
  @ApiPropertyOptional({ description: 'Absent where it stands so still' }) until?: Date;
}
