import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { refuse } from '@numbering/domain';
import { BlockStore, type Block } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { PathId } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { Answers, pageOf } from '../../http/openapi';
import { PageQuery, Pages } from '../../http/page';
import { Problem } from '../../http/problem';
import { BlockShown } from './blocks.answers';
import { csvOfErrors } from './errors-csv';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

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
  @Get(':blockId/errors.csv')
  @Needs(ADMINS)
  @ApiProduces('text/csv')
  @ApiResponse({ status: 200, content: { 'text/csv': { schema: { type: 'string' } } } })
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
