import { ApiProperty } from '@nestjs/swagger';
import {
  IDENTIFIER_CLASSES,
  POOL_SEVERITIES,
  type IdentifierClass,
  type PoolSeverity,
} from '@numbering/contracts';
import { PROJECTION_METHOD } from '@numbering/domain';

export class ProjectionShown {
  @ApiProperty({
    example: PROJECTION_METHOD,
    description: 'Numbers in use now less those at the beginning of the window, as a daily pace',
  })
  method: string;
  @ApiProperty({
    type: 'integer',
    example: 30,
    description: 'Or less of a younger pool; at least 1',
  })
  windowDays: number;
}

/** One pool: what an operator gave under one prefix. Counts are of identifiers. */
export class PoolShown {
  @ApiProperty({ example: 'ROSHAN' }) operatorId: string;
  @ApiProperty({ example: '+9379', description: '`*`: all of the operator and class' })
  blockPrefix: string;
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: IdentifierClass;
  @ApiProperty({ type: 'integer', description: 'All that are not retired' }) total: number;
  @ApiProperty({ type: 'integer', description: 'What remains: can be claimed now' })
  available: number;
  @ApiProperty({ type: 'integer' }) reserved: number;
  @ApiProperty({ type: 'integer' }) held: number;
  @ApiProperty({ type: 'integer' }) leased: number;
  @ApiProperty({ type: 'integer' }) suspended: number;
  @ApiProperty({ type: 'integer' }) quarantine: number;
  @ApiProperty({ type: 'integer', description: 'Their validFrom lies ahead' }) upcoming: number;
  @ApiProperty({ description: '`available` of `total`, cut off after two decimals' })
  remainingPercent: number;
  @ApiProperty({
    enum: POOL_SEVERITIES,
    nullable: true,
    description: 'WARNING below 5 %, SEV1 below 1 %; over from 6 % and 1.5 % on',
  })
  severity: PoolSeverity | null;
  @ApiProperty({ type: Date, nullable: true, description: 'null: never, at the present pace' })
  projectedExhaustionAt: Date | null;
  @ApiProperty() projection: ProjectionShown;
  @ApiProperty({
    example: 'docs/runbooks/mno-block-order.md',
    description: 'What to do: a page of the repository',
  })
  runbook: string;
}

export class PoolsShown {
  @ApiProperty({ type: Date, nullable: true, description: 'null: not yet' })
  measuredAt: Date | null;
  @ApiProperty({ type: [PoolShown] }) pools: PoolShown[];
}
