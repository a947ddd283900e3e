import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AddSigningKey,
  RevokeSigningKey,
  signingKeyView,
  type CommandContext,
} from '@numbering/lifecycle';
import { SigningKeyStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { Command, PathId } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { About, Answers, Changes, pageOf } from '../../http/openapi';
import { PageQuery, Pages } from '../../http/page';
import { NoMembers } from '../no-members.dto';
import { SigningKeyBody, SigningKeyShown } from './signing-keys.dto';

/** The keys that operators sign their blocks with (US-NUM-001, ruling 5). */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/signing-keys')
export class SigningKeysController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly keys: SigningKeyStore,
    private readonly pages: Pages,
    private readonly addSigningKey: AddSigningKey,
    private readonly revokeSigningKey: RevokeSigningKey,
  ) {}

  @About('Operators’ signing keys', 'Public halves are not shown again; revoked ones are.')
  @Get()
  @Needs(ADMINS)
  @Answers(pageOf(SigningKeyShown), 'INVALID_CURSOR')
  list(@Query() query: PageQuery) {
    return this.pages.of(
      ['signing-keys'],
      query,
      async (limit, [afterKeyId] = []) => {
        const keys = await this.keys.list(this.source.manager, limit, afterKeyId);
        return keys.map(signingKeyView);
      },
      ({ keyId }) => [keyId],
    );
  }

  @About(
    'Add a public key that an operator signs with',
    'US-NUM-001, ruling 5: Ed25519, or RSA-PSS with SHA-256 and a salt of 32.',
  )
  @Post()
  @Needs(ADMINS)
  @Changes(201, SigningKeyShown)
  add(@Command() context: CommandContext, @Body() key: SigningKeyBody) {
    return this.addSigningKey.run(context, key);
  }

  @About('Revoke a signing key', 'From now on nothing that it signs is imported.')
  @Post(':keyId/revoke')
  @Needs(ADMINS)
  @Changes(200, SigningKeyShown, 'NOT_FOUND')
  revoke(
    @Command() context: CommandContext,
    @Param('keyId', PathId) keyId: string,
    @Body() _none: NoMembers,
  ) {
    return this.revokeSigningKey.run(context, keyId);
  }
}
