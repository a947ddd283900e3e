import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { isRefusal, parseTerm, recallShape, type ParsedIdentifier } from '@numbering/domain';
import { LeaseNumber, RecallNumber, type CommandContext } from '@numbering/lifecycle';
import { Command, IdentifierPipe } from '../http/asked';
import { ANY_TOKEN, Needs } from '../http/auth.guard';
import { Changes } from '../http/openapi';
import { Problem } from '../http/problem';
import { LeasedAnswer, RecalledAnswer } from './number.answers';
import { LeaseBody, RecallBody } from './numbers.dto';

const IDENTIFIER = { name: 'identifier', type: String, example: '+93790000001' };

/** US-NUM-003, 004, 012: a lease's beginning, and its end before its time. */
@ApiTags('leases')
@Controller('v1/numbers')
export class LeasesController {
  constructor(
    private readonly leaseNumber: LeaseNumber,
    private readonly recallNumber: RecallNumber,
  ) {}

  @Post(':identifier/lease')
  @Needs(ANY_TOKEN)
  @ApiParam(IDENTIFIER)
  @Changes(
    201,
    LeasedAnswer,
    'INVALID_IDENTIFIER',
    'INVALID_TERM',
    'UNKNOWN_IDENTIFIER',
    'TENANT_MISMATCH',
    'TENANT_SUSPENDED',
    'OPERATOR_NOT_ALLOWED',
    'NOT_VANITY_ELIGIBLE',
    'HELD_BY_OTHER_TENANT',
    'ALREADY_LEASED',
    'RESERVATION_REQUIRED',
    'QUARANTINE_ACTIVE',
    'NOT_YET_VALID',
    'INVALID_STATE',
    'SELF_BYPASS_FORBIDDEN',
    'QUOTA_EXCEEDED',
  )
  lease(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() { tenantId, term: written, autoRenew, vanityFlag: vanity = false }: LeaseBody,
  ) {
    const term = parseTerm(written, vanity);
    if (isRefusal(term)) throw Problem.of(term);
    return this.leaseNumber.run(context, number, { tenantId, term, autoRenew, vanity });
  }

  @Post(':identifier/recall')
  @Needs(ANY_TOKEN)
  @ApiParam(IDENTIFIER)
  @Changes(
    200,
    RecalledAnswer,
    'INVALID_IDENTIFIER',
    'TICKET_REQUIRED',
    'UNKNOWN_IDENTIFIER',
    'ACTOR_MISMATCH',
    'NOT_OWNER',
    'INVALID_STATE',
  )
  recall(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() { reason, actorId, ticketId }: RecallBody,
  ) {
    // Blank is none, whatever the reason.
    const ask = { reason, actorId, ticketId: ticketId?.trim() ? ticketId : undefined };
    const refusal = recallShape(ask);
    if (refusal) throw Problem.of(refusal);
    return this.recallNumber.run(context, number, ask);
  }
}
