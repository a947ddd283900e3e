import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { refuse } from '@numbering/domain';
import { BlockStore, type Block } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { PathId } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { About, Answers, AnswersCsv, pageOf } from '../../http/openapi';
import { PageQuery, Pages } from '../../http/page';
import { Problem } from '../../http/problem';
import { BlockShown } from './blocks.answers';
import { csvOfErrors } from './errors-csv';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const ERRORS_CSV = {
  description: 'Columns `row,value,code`; data rows from 1, the header not counted',
  example:
    'row,value,code\r\n3,+93720000001,PREFIX_MISMATCH\r\n4,+93790000001,DUPLICATE_IN_FILE\r\n',
  headers: ['Content-Disposition'],
};

/** Blocks that were imported or registered, and what of them was refused. */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/blocks')
export class BlocksController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly blocks: BlockStore,
    private readonly pages: Pages,
  ) {}

  /** Newest first. */
  @About('Blocks', 'Imported and registered ones, newest first.')
  @Get()
  @Needs(ADMINS)
  @Answers(pageOf(BlockShown), 'INVALID_CURSOR')
  list(@Query() query: PageQuery) {
    return this.pages.of(
      ['blocks'],
      query,
      (limit, after) => {
        const [importedAt, blockId] = after ?? [];
        const position = importedAt !== undefined && blockId !== undefined;
        return this.blocks.list(
          this.source.manager,
          limit,
          position ? { importedAt: new Date(importedAt), blockId: String(blockId) } : undefined,
        );
      },
      ({ importedAt, blockId }) => [importedAt.toISOString(), blockId],
    );
  }

  @About('One block', 'What came in with it, and what was refused.')
  @Get(':blockId')
  @Needs(ADMINS)
  @Answers(BlockShown, 'UNKNOWN_BLOCK')
  async one(@Param('blockId', PathId) blockId: string): Promise<Block> {
    const block = UUID.test(blockId)
      ? await this.blocks.one(this.source.manager, blockId)
      : undefined;
    if (!block) throw Problem.of(refuse('UNKNOWN_BLOCK', `There is no block ${blockId}`));
    return block;
  }

  /** Every refused row and every duplicate. */
  @About(
    'A block’s refused rows and duplicates as CSV',
    'Ruling 6: all of them; the import’s answer has the first thousand invalid ones.',
  )
  @Get(':blockId/errors.csv')
  @Needs(ADMINS)
  @AnswersCsv(ERRORS_CSV, 'UNKNOWN_BLOCK')
  async errors(@Param('blockId', PathId) id: string): Promise<StreamableFile> {
    const { blockId } = await this.one(id);
    const rows = (afterRow: number, limit: number) =>
      this.blocks.errors(this.source.manager, blockId, afterRow, limit);
    return new StreamableFile(Readable.from(csvOfErrors(rows), { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="${blockId}-errors.csv"`,
    });
  }
}
