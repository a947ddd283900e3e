import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';

class RowError {
  @ApiProperty({ description: 'Data rows from 1, the header not counted' }) row: number;
  @ApiProperty() value: string;
  @ApiProperty({ example: 'PREFIX_MISMATCH' }) code: string;
}

export class ImportSummaryShown {
  @ApiPropertyOptional({ format: 'uuid', description: 'Not after a dry run' }) blockId?: string;
  @ApiProperty() operatorId: string;
  @ApiProperty() inserted: number;
  @ApiProperty() duplicates: number;
  @ApiProperty() invalid: number;
  @ApiProperty({ type: [RowError], description: 'The first thousand invalid rows' })
  errors: RowError[];
  @ApiPropertyOptional({ description: 'All of them, and the duplicates' }) errorsUrl?: string;
}

export class BlockShown {
  @ApiProperty({ format: 'uuid' }) blockId: string;
  @ApiProperty() operatorId: string;
  @ApiProperty({ example: '+9379' }) blockPrefix: string;
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty({ enum: ['IMPORT', 'REGISTRATION'] }) source: string;
  @ApiProperty() inserted: number;
  @ApiProperty() duplicates: number;
  @ApiProperty() invalid: number;
  @ApiProperty({ type: String, nullable: true }) sha256: string | null;
  @ApiProperty() importedAt: Date;
  @ApiProperty() importedBy: string;
}
