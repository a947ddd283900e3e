import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RegisterIdentifiers, type CommandContext } from '@numbering/lifecycle';
import { Command } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { AnswersWithin, REGISTRATION_WITHIN_MS } from '../../http/deadline';
import { About, Changes } from '../../http/openapi';
import { RegistrationBody, RegistrationShown } from './identifiers.dto';

/** Ruling 3: short codes, alpha IDs and single numbers come into the ledger one by one. */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/identifiers')
export class IdentifiersController {
  constructor(private readonly registerIdentifiers: RegisterIdentifiers) {}

  @About(
    'Register identifiers one by one',
    'Ruling 3: short codes, alpha IDs and single numbers of one operator, up to 1,000, as a block of their own.',
  )
  @Post()
  @Needs(ADMINS)
  @AnswersWithin(REGISTRATION_WITHIN_MS)
  @Changes(200, RegistrationShown)
  register(@Command() context: CommandContext, @Body() body: RegistrationBody) {
    return this.registerIdentifiers.run(context, body);
  }
}
