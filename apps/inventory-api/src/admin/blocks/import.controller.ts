import { Controller, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import { ImportBlock, type ImportSummary, type Outcome } from '@numbering/lifecycle';
import type { FastifyRequest } from 'fastify';
import { commandContext } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { AnswersWithin, IMPORT_WITHIN_MS } from '../../http/deadline';
import { Changes } from '../../http/openapi';
import { readBlockForm } from './block-form';
import { ImportSummaryShown } from './blocks.answers';

const text = { type: 'string' } as const;
const FORM: Parameters<typeof ApiBody>[0] = {
  schema: {
    type: 'object',
    required: ['operatorId', 'signature', 'csvFile'],
    properties: {
      operatorId: text,
      signature: { ...text, description: 'base64, detached, over the exact bytes of csvFile' },
      keyId: { ...text, description: 'Else any usable key of the operator' },
      blockPrefix: { ...text, example: '+9379' },
      identifierClass: { ...text, enum: [...IDENTIFIER_CLASSES], default: 'MSISDN' },
      csvFile: { ...text, format: 'binary' },
    },
  },
};

/** US-NUM-001: an operator's signed block. */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/blocks')
export class ImportController {
  constructor(private readonly importBlock: ImportBlock) {}

  @Post('import')
  @Needs(ADMINS, 'multipart')
  @AnswersWithin(IMPORT_WITHIN_MS)
  @ApiConsumes('multipart/form-data')
  @ApiBody(FORM)
  @Changes(201, ImportSummaryShown, 'SIGNATURE_INVALID', 'INVALID_CSV')
  async import(@Req() request: FastifyRequest): Promise<Outcome<ImportSummary>> {
    const { asked, ...form } = await readBlockForm(request);
    return this.importBlock.run(commandContext(request, asked), form);
  }
}
