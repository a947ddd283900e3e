import { ApiProperty } from '@nestjs/swagger';
import { UtcDay } from '../../http/fields';

export class OverridesQuery {
  @UtcDay({ optional: true, description: 'One UTC day; else from and to' })
  date?: string;

  @UtcDay({ optional: true, description: 'The first UTC day' })
  from?: string;

  @UtcDay({ optional: true, description: 'The last UTC day, included' })
  to?: string;
}

class DayCount {
  @ApiProperty({ example: '2026-01-31' }) date: string;
  @ApiProperty({ type: 'integer' }) count: number;
}

class OverrideShown {
  @ApiProperty() at: Date;
  @ApiProperty() identifier: string;
  @ApiProperty() adminId: string;
  @ApiProperty({ example: 'Found to be unfounded' }) justification: string;
  @ApiProperty({ example: 'ABUSE' }) recallReason: string;
  @ApiProperty({ type: String, nullable: true }) ticketId: string | null;
  @ApiProperty({ example: 'acme' }) recalledTenantId: string;
  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'Who claimed it next; null: nobody yet',
  })
  nextTenantId: string | null;
  @ApiProperty({ description: 'When the cool-down would have ended' }) availableAt: Date;
}

export class OverridesShown {
  @ApiProperty({ example: '2026-01-01' }) from: string;
  @ApiProperty({ example: '2026-01-31' }) to: string;
  @ApiProperty({ type: 'integer' }) count: number;
  @ApiProperty({ type: [DayCount], description: 'Every day of the range' }) days: DayCount[];
  @ApiProperty({ type: [OverrideShown], description: 'Oldest first' }) items: OverrideShown[];
}
