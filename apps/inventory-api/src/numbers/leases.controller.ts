import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { isRefusal, parseTerm, recallShape, type ParsedIdentifier } from '@numbering/domain';
import { LeaseNumber, RecallNumber, type CommandContext } from '@numbering/lifecycle';
import { Command, IdentifierPipe } from '../http/asked';
import { ANY_TOKEN, Needs, OFFICERS, WRITERS } from '../http/auth.guard';
import { About, Changes } from '../http/openapi';
import { Problem } from '../http/problem';
import { LeasedAnswer, RecalledAnswer } from './number.answers';
import { LeaseBody, RecallBody } from './numbers.dto';

/** US-NUM-003, 004, 012: a lease's beginning, and its end before its time. */
@ApiTags('leases')
@Controller('v1/numbers')
export class LeasesController {
  constructor(
    private readonly leaseNumber: LeaseNumber,
    private readonly recallNumber: RecallNumber,
  ) {}

  @About(
    'Lease a number for a term',
    'US-NUM-003: from an own reservation or hold, or with numbering:lease:bypass from AVAILABLE at once. US-NUM-012: a vanity-eligible short code with `vanityFlag` for 1y or 3y. Quotas hold under any concurrency (US-NUM-011). Terms: ruling 13.',
  )
  @Post(':identifier/lease')
  @Needs(ANY_TOKEN, { decided: WRITERS })
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

  @About(
    'End a lease before its time',
    'US-NUM-004: the number goes into its cool-down (90 days an MSISDN, 30 a short code, 365 vanity; an alpha ID has none). A tenant may recall its own lease with TENANT_REQUEST; officers any, and REGULATOR_ORDER and ABUSE need a ticket (ruling 21).',
  )
  @Post(':identifier/recall')
  @Needs(ANY_TOKEN, { decided: [...WRITERS, ...OFFICERS] })
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
