import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { ParsedIdentifier } from '@numbering/domain';
import {
  HoldNumber,
  ReleaseNumber,
  ReserveNumber,
  ReserveNumbers,
  type CommandContext,
} from '@numbering/lifecycle';
import { Command, IdentifierPipe } from '../http/asked';
import { ANY_TOKEN, Needs } from '../http/auth.guard';
import { Changes } from '../http/openapi';
import { HeldAnswer, ReleasedAnswer, ReservationsAnswer, ReservedAnswer } from './number.answers';
import { ClaimBody, ReservationsBody } from './numbers.dto';

const IDENTIFIER = { name: 'identifier', type: String, example: '+93790000001' };

/** US-NUM-007, 008, 009: what a tenant does with a number before it leases it. */
@ApiTags('claims')
@Controller('v1/numbers')
export class ClaimsController {
  constructor(
    private readonly reserveNumber: ReserveNumber,
    private readonly reserveNumbers: ReserveNumbers,
    private readonly holdNumber: HoldNumber,
    private readonly releaseNumber: ReleaseNumber,
  ) {}

  @Post(':identifier/reserve')
  @Needs(ANY_TOKEN)
  @ApiParam(IDENTIFIER)
  @Changes(
    201,
    ReservedAnswer,
    'INVALID_IDENTIFIER',
    'UNKNOWN_IDENTIFIER',
    'TENANT_MISMATCH',
    'TENANT_SUSPENDED',
    'OPERATOR_NOT_ALLOWED',
    'INVALID_STATE',
    'QUARANTINE_ACTIVE',
    'NOT_YET_VALID',
    'SELF_BYPASS_FORBIDDEN',
    'RESERVATION_QUOTA',
  )
  reserve(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() { tenantId }: ClaimBody,
  ) {
    return this.reserveNumber.run(context, number, tenantId);
  }

  @Post('reservations')
  @Needs(ANY_TOKEN)
  @Changes(
    200,
    ReservationsAnswer,
    'INVALID_IDENTIFIER',
    'UNKNOWN_IDENTIFIER',
    'TENANT_MISMATCH',
    'TENANT_SUSPENDED',
    'OPERATOR_NOT_ALLOWED',
    'INVALID_STATE',
    'QUARANTINE_ACTIVE',
    'NOT_YET_VALID',
    'SELF_BYPASS_FORBIDDEN',
    'RESERVATION_QUOTA',
  )
  reserveMany(
    @Command() context: CommandContext,
    @Body() { identifiers, atomic = false, tenantId }: ReservationsBody,
  ) {
    return this.reserveNumbers.run(context, { identifiers, atomic, tenantId });
  }

  @Post(':identifier/hold')
  @Needs(ANY_TOKEN)
  @ApiParam(IDENTIFIER)
  @Changes(
    200,
    HeldAnswer,
    'INVALID_IDENTIFIER',
    'UNKNOWN_IDENTIFIER',
    'TENANT_MISMATCH',
    'TENANT_SUSPENDED',
    'OPERATOR_NOT_ALLOWED',
    'INVALID_STATE',
    'HELD_BY_OTHER_TENANT',
    'ALREADY_LEASED',
    'HOLD_QUOTA',
  )
  hold(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() { tenantId }: ClaimBody,
  ) {
    return this.holdNumber.run(context, number, tenantId);
  }

  @Post(':identifier/release')
  @Needs(ANY_TOKEN)
  @ApiParam(IDENTIFIER)
  @Changes(
    200,
    ReleasedAnswer,
    'INVALID_IDENTIFIER',
    'UNKNOWN_IDENTIFIER',
    'TENANT_MISMATCH',
    'NOT_OWNER',
    'INVALID_STATE',
    'USE_RECALL_FOR_LEASES',
  )
  release(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() { tenantId }: ClaimBody,
  ) {
    return this.releaseNumber.run(context, number, tenantId);
  }
}
