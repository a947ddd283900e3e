// The shapes of answers about numbers, for /docs and /openapi.json.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import { NUMBER_STATES } from '@numbering/domain';

const passedThrough = ['RECALLED', 'EXPIRED'];
const STATES_AT_REST = NUMBER_STATES.filter((state) => !passedThrough.includes(state));

export class NumberShown {
  @ApiProperty({ example: '+93790000001' }) identifier: string;
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty({ example: 'ROSHAN' }) operatorId: string;
  @ApiProperty() vanityEligible: boolean;
  @ApiProperty({ enum: STATES_AT_REST }) state: string;
  @ApiProperty() ownedByCaller: boolean;
  @ApiPropertyOptional({ description: 'Of QUARANTINE' }) availableAt?: Date;
  @ApiPropertyOptional() validFrom?: Date;
  @ApiPropertyOptional({ format: 'uuid', description: 'For its owner and officers' })
  leaseId?: string;
  @ApiPropertyOptional({ description: 'For its owner and officers' }) tenantId?: string;
  @ApiPropertyOptional({ description: 'Of RESERVED and HELD' }) expiresAt?: Date;
  @ApiPropertyOptional() effectiveFrom?: Date;
  @ApiPropertyOptional({ description: 'Exclusive' }) effectiveUntil?: Date;
  @ApiPropertyOptional() autoRenew?: boolean;
  @ApiPropertyOptional() vanity?: boolean;
  @ApiPropertyOptional({ description: 'While a lease past its end is in grace' }) graceUntil?: Date;
}

class ClaimAnswer {
  @ApiProperty({ format: 'uuid' }) leaseId: string;
  @ApiProperty({ example: '+93790000001' }) identifier: string;
}

export class ReservedAnswer extends ClaimAnswer {
  @ApiProperty({ enum: ['RESERVED'] }) state: string;
  @ApiProperty() expiresAt: Date;
}

export class HeldAnswer extends ClaimAnswer {
  @ApiProperty({ enum: ['HELD'] }) state: string;
  @ApiProperty() expiresAt: Date;
}

export class ReleasedAnswer extends ClaimAnswer {
  @ApiProperty({ enum: ['AVAILABLE'] }) state: string;
}

export class PriceShown {
  @ApiProperty({ description: 'Minor units' }) setup: number;
  @ApiProperty({ description: 'Minor units' }) monthly: number;
  @ApiProperty({ example: 'AFN' }) currency: string;
}

export class LeasedAnswer extends ClaimAnswer {
  @ApiProperty({ enum: ['LEASED'] }) state: string;
  @ApiProperty() tenantId: string;
  @ApiProperty() effectiveFrom: Date;
  @ApiProperty({ description: 'Exclusive' }) effectiveUntil: Date;
  @ApiProperty() autoRenew: boolean;
  @ApiProperty() vanity: boolean;
  @ApiProperty({ type: PriceShown, nullable: true }) price: PriceShown | null;
}

export class RecalledAnswer extends ClaimAnswer {
  @ApiProperty({ enum: ['RECALLED'] }) leaseState: string;
  @ApiProperty({ enum: ['QUARANTINE', 'AVAILABLE'] }) state: string;
  @ApiProperty() availableAt: Date;
}

export class ReservationItem {
  @ApiProperty() identifier: string;
  @ApiProperty({ enum: ['reserved', 'refused'] }) status: string;
  @ApiPropertyOptional({ format: 'uuid' }) leaseId?: string;
  @ApiPropertyOptional() expiresAt?: Date;
  @ApiPropertyOptional({ description: 'Of a refused one' }) code?: string;
  @ApiPropertyOptional({ description: 'Of a refused one' }) state?: string;
}

export class ReservationsAnswer {
  @ApiProperty({ type: [ReservationItem] }) items: ReservationItem[];
}

export class HistoryItem {
  @ApiProperty() at: Date;
  @ApiProperty() actor: string;
  @ApiProperty({ example: 'RESERVE' }) action: string;
  @ApiProperty({ type: String, nullable: true }) from: string | null;
  @ApiProperty({ type: String, nullable: true }) to: string | null;
  @ApiProperty({ type: Number, nullable: true }) version: number | null;
  @ApiPropertyOptional() tenantId?: string;
  @ApiPropertyOptional({ format: 'uuid' }) leaseId?: string;
  @ApiPropertyOptional() reason?: string;
  @ApiPropertyOptional() ticketId?: string;
  @ApiPropertyOptional() requestId?: string;
}
