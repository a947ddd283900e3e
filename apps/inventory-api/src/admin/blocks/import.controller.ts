import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import { ImportBlock, ImportTurns, type ImportSummary, type Outcome } from '@numbering/lifecycle';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { commandContext } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { AnswersWithin, IMPORT_WITHIN_MS } from '../../http/deadline';
import { About, Changes } from '../../http/openapi';
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
      dryRun: {
        ...text,
        enum: ['true', 'false'],
        default: 'false',
        description:
          'true: answers 200 with what the import would come to, without a blockId, and writes ' +
          'nothing. A signature that does not fit is refused and leaves its audit row all the same.',
      },
      csvFile: { ...text, format: 'binary' },
    },
  },
};

/** US-NUM-001: an operator's signed block. */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/blocks')
export class ImportController {
  constructor(
    private readonly importBlock: ImportBlock,
    private readonly turns: ImportTurns,
  ) {}

  @About(
    'Import an operator’s signed block',
    'US-NUM-001: a CSV of up to 128 MB with a detached signature over its exact bytes, verified before it is read. All or nothing; the same file again answers the first summary again. Invalid rows come back with their numbers.',
  )
  @Post('import')
  @Needs(ADMINS, { takes: 'multipart' })
  @AnswersWithin(IMPORT_WITHIN_MS)
  @ApiConsumes('multipart/form-data')
  @ApiBody(FORM)
  @Changes(201, ImportSummaryShown, 'SIGNATURE_INVALID', 'INVALID_CSV')
  @ApiResponse({ status: 200, type: ImportSummaryShown, description: 'Of a dry run' })
  import(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Outcome<ImportSummary>> {
    return this.turns.withFile(async () => {
      const { asked, ...ask } = await readBlockForm(request);
      try {
        const outcome = await this.importBlock.run(commandContext(request, asked), ask);
        if (ask.dryRun) void reply.code(200);
        return outcome;
      } finally {
        await ask.file.close();
      }
    });
  }
}
