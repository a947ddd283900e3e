import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { ParsedIdentifier } from '@numbering/domain';
import {
  HoldNumber,
  ReleaseNumber,
  ReserveNumber,
  ReserveNumbers,
  type CommandContext,
} from '@numbering/lifecycle';
import { Command, IdentifierPipe } from '../http/asked';
import { ANY_TOKEN, Needs, WRITERS } from '../http/auth.guard';
import { About, Changes } from '../http/openapi';
import { HeldAnswer, ReleasedAnswer, ReservationsAnswer, ReservedAnswer } from './number.answers';
import { ClaimBody, ReservationsBody } from './numbers.dto';

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

  @About(
    'Reserve a number for 15 minutes',
    'US-NUM-007: the number leaves the pool while the tenant decides. Of many that ask at once one wins. What lapses is released by itself within 2 s (US-NUM-010). Reserving again what one has reserved is refused and does not prolong it (ruling 32).',
  )
  @Post(':identifier/reserve')
  @Needs(ANY_TOKEN, { decided: WRITERS })
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

  @About(
    'Reserve up to a hundred numbers',
    'US-NUM-007: each for itself, with the refusal’s code where there is one; with `atomic` all of them, or the first refusal as the answer.',
  )
  @Post('reservations')
  @Needs(ANY_TOKEN, { decided: WRITERS })
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

  @About(
    'Promote an own reservation to a hold of 24 hours',
    'US-NUM-008: for KYC, billing or a campaign’s setup. Only one’s own reservation; a plan has a cap on holds.',
  )
  @Post(':identifier/hold')
  @Needs(ANY_TOKEN, { decided: WRITERS })
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

  @About(
    'Give a reservation or hold back',
    'US-NUM-009: the number is available again. A lease is recalled instead.',
  )
  @Post(':identifier/release')
  @Needs(ANY_TOKEN, { decided: WRITERS })
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
