import { Body, Controller, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { overrideShape, type ParsedIdentifier, type Policy } from '@numbering/domain';
import {
  OverrideQuarantine,
  POLICY,
  ResumeLease,
  RetireNumber,
  SuspendLease,
  type CommandContext,
} from '@numbering/lifecycle';
import { shownAs } from '../../http/answer';
import { Command, IdentifierPipe } from '../../http/asked';
import { ADMINS, COMPLIANCE, Needs } from '../../http/auth.guard';
import { About, Changes } from '../../http/openapi';
import { Problem } from '../../http/problem';
import { changedNumber } from '../../numbers/number-answer';
import { NumberShown } from '../../numbers/number.answers';
import { OverrideBody, WhyBody } from './admin-numbers.dto';

const CODES = ['INVALID_IDENTIFIER', 'UNKNOWN_IDENTIFIER', 'INVALID_STATE'] as const;

/** What officers do with one number (rulings 23, 26, "Words"). */
@ApiTags('admin: numbers')
@Controller('v1/admin/numbers')
export class AdminNumbersController {
  constructor(
    private readonly suspendLease: SuspendLease,
    private readonly resumeLease: ResumeLease,
    private readonly retireNumber: RetireNumber,
    private readonly overrideQuarantine: OverrideQuarantine,
    @Inject(POLICY) private readonly policy: Policy,
  ) {}

  @About(
    'Suspend a lease',
    'Ruling 26: reversible; its tenant may not send, the term runs on and the quota’s place stays taken.',
  )
  @Post(':identifier/suspend')
  @Needs(ADMINS)
  @Changes(200, NumberShown, ...CODES)
  async suspend(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() why: WhyBody,
  ) {
    return shownAs(await this.suspendLease.run(context, number, why), this.shown(context));
  }

  @About('Resume a suspended lease', 'Ruling 26: its tenant may send again.')
  @Post(':identifier/resume')
  @Needs(ADMINS)
  @Changes(200, NumberShown, ...CODES)
  async resume(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() why: WhyBody,
  ) {
    return shownAs(await this.resumeLease.run(context, number, why), this.shown(context));
  }

  @About(
    'Withdraw a number for good',
    'Given back to its operator or blocked: what is AVAILABLE or in its cool-down.',
  )
  @Post(':identifier/retire')
  @Needs(ADMINS)
  @Changes(200, NumberShown, ...CODES)
  async retire(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() why: WhyBody,
  ) {
    return shownAs(await this.retireNumber.run(context, number, why), this.shown(context));
  }

  @About(
    'End a cool-down early',
    'US-NUM-006: with a justification of at least 10 characters, which stands in the daily report. Not by who recalled it, and not for the tenant that it was recalled from (ruling 22).',
  )
  @Post(':identifier/quarantine/release')
  @Needs(COMPLIANCE)
  @Changes(200, NumberShown, ...CODES, 'JUSTIFICATION_REQUIRED', 'SELF_BYPASS_FORBIDDEN')
  async release(
    @Command() context: CommandContext,
    @Param('identifier', IdentifierPipe) number: ParsedIdentifier,
    @Body() { justification }: OverrideBody,
  ) {
    const refusal = overrideShape(justification);
    if (refusal) throw Problem.of(refusal);
    const outcome = await this.overrideQuarantine.run(context, number, justification);
    return shownAs(outcome, this.shown(context));
  }

  private shown({ caller }: CommandContext) {
    return changedNumber(caller, this.policy);
  }
}
