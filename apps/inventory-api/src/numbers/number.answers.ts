// The shapes of answers about numbers, for /docs and /openapi.json.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES, NUMBER_ACTIONS } from '@numbering/contracts';
import { NUMBER_STATES } from '@numbering/domain';

const EXAMPLE_LEASE = 'b0f5f9c2-8f6e-4b57-9a39-3f0f9d4f2c11';
const OWNERS = { description: 'For its owner and officers' };
const passedThrough = ['RECALLED', 'EXPIRED'];
const STATES_AT_REST = NUMBER_STATES.filter((state) => !passedThrough.includes(state));

export class NumberShown {
  @ApiProperty({ example: '+93790000001' }) identifier: string;
  @ApiProperty({ enum: IDENTIFIER_CLASSES }) identifierClass: string;
  @ApiProperty({ example: 'ROSHAN' }) operatorId: string;
  @ApiProperty() vanityEligible: boolean;
  @ApiProperty({ enum: STATES_AT_REST, example: 'LEASED' }) state: string;
  @ApiProperty({ example: true }) ownedByCaller: boolean;
  @ApiPropertyOptional({ description: 'Of QUARANTINE' }) availableAt?: Date;
  @ApiPropertyOptional() validFrom?: Date;
  @ApiPropertyOptional({ ...OWNERS, format: 'uuid', example: EXAMPLE_LEASE }) leaseId?: string;
  @ApiPropertyOptional({ ...OWNERS, example: 'acme' }) tenantId?: string;
  @ApiPropertyOptional({ description: 'Of RESERVED and HELD' }) expiresAt?: Date;
  @ApiPropertyOptional({ description: 'Inclusive', example: '2026-03-01T09:30:00.000Z' })
  effectiveFrom?: Date;
  @ApiPropertyOptional({ description: 'Exclusive', example: '2026-03-31T09:30:00.000Z' })
  effectiveUntil?: Date;
  @ApiPropertyOptional({ example: true }) autoRenew?: boolean;
  @ApiPropertyOptional({ example: false }) vanity?: boolean;
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
  @ApiProperty({ type: 'integer', description: 'Minor units' }) setup: number;
  @ApiProperty({ type: 'integer', description: 'Minor units' }) monthly: number;
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
  @ApiPropertyOptional({ format: 'uuid', example: EXAMPLE_LEASE }) leaseId?: string;
  @ApiPropertyOptional({ example: '2026-03-01T09:45:00.000Z' }) expiresAt?: Date;
  @ApiPropertyOptional({ description: 'Of a refused one' }) code?: string;
  @ApiPropertyOptional({ description: 'Of a refused one' }) state?: string;
}

export class ReservationsAnswer {
  @ApiProperty({ type: [ReservationItem] }) items: ReservationItem[];
}

export class HistoryItem {
  @ApiProperty() at: Date;
  @ApiProperty() actor: string;
  @ApiProperty({ enum: NUMBER_ACTIONS }) action: string;
  @ApiProperty({
    enum: [...NUMBER_STATES, null],
    type: String,
    nullable: true,
    example: 'AVAILABLE',
  })
  from: string | null;
  @ApiProperty({
    enum: [...NUMBER_STATES, null],
    type: String,
    nullable: true,
    example: 'RESERVED',
  })
  to: string | null;
  @ApiProperty({ type: 'integer', nullable: true, example: 2, description: 'After the change' })
  version: number | null;
  @ApiPropertyOptional({ example: 'acme' }) tenantId?: string;
  @ApiPropertyOptional({ format: 'uuid', example: EXAMPLE_LEASE }) leaseId?: string;
  @ApiPropertyOptional() reason?: string;
  @ApiPropertyOptional() ticketId?: string;
  @ApiPropertyOptional({ example: '5c1f2b7e-0c3a-4a67-9a38-7d1a6a6f2b10' }) requestId?: string;
}
