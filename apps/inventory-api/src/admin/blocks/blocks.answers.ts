import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';

const UUID = { format: 'uuid', example: '0f2b9a52-7d0c-4f0e-9a0c-9c1b6a3d7e55' };

class RowError {
  @ApiProperty({ type: 'integer', description: 'Data rows from 1, the header not counted' })
  row: number;
  @ApiProperty({ example: '+93720000001' }) value: string;
  @ApiProperty({ example: 'PREFIX_MISMATCH' }) code: string;
}

export class ImportSummaryShown {
  @ApiPropertyOptional({ ...UUID, description: 'Not after a dry run' }) blockId?: string;
  @ApiProperty() operatorId: string;
  @ApiProperty({ type: 'integer' }) inserted: number;
  @ApiProperty({ type: 'integer' }) duplicates: number;
  @ApiProperty({ type: 'integer' }) invalid: number;
  @ApiProperty({ type: [RowError], description: 'The first thousand invalid rows' })
  errors: RowError[];
  @ApiPropertyOptional({
    description: 'All of them, and the duplicates',
    example: `/v1/admin/numbering/blocks/${UUID.example}/errors.csv`,
  })
  errorsUrl?: string;
}

export class BlockShown {
  @ApiProperty(UUID) blockId: string;
  @ApiProperty() operatorId: string;
  @ApiProperty({ example: '+9379' }) blockPrefix: string;
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty({ enum: ['IMPORT', 'REGISTRATION'] }) source: string;
  @ApiProperty({ type: 'integer' }) inserted: number;
  @ApiProperty({ type: 'integer' }) duplicates: number;
  @ApiProperty({ type: 'integer' }) invalid: number;
  @ApiProperty({
    ...{ type: String, nullable: true, pattern: '^[0-9a-f]{64}$', example: 'ab'.repeat(32) },
    description: 'Of the file; null: a registration',
  })
  sha256: string | null;
  @ApiProperty() importedAt: Date;
  @ApiProperty() importedBy: string;
}
