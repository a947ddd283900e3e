import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { refuse, unknownIdentifier, type ParsedIdentifier } from '@numbering/domain';
import { HistoryQuery, NumberStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { IdentifierPipe } from '../../http/asked';
import { Needs, OFFICERS } from '../../http/auth.guard';
import { About, Answers, pageOf } from '../../http/openapi';
import { Pages, type Page } from '../../http/page';
import { Problem } from '../../http/problem';
import { HistoryItem } from '../../numbers/number.answers';
import type { HistoryRow } from '@numbering/persistence';
import { HistoryAtQuery, StandingShown } from './admin-numbers.dto';
import { standingAt, type StandingAt } from './standing-at';

/** For regulators: everything that ever happened to a number, and who held it when. */
@ApiTags('admin: numbers')
@Controller('v1/admin/numbers')
export class NumberHistoryController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly numbers: NumberStore,
    private readonly history: HistoryQuery,
    private readonly pages: Pages,
  ) {}

  @About(
    'All that happened to a number, or who held it at a moment',
    'For regulators: every audit row, oldest first; with `at`, the one standing at that moment.',
  )
  @Get(':identifier/history')
  @Needs(OFFICERS)
  @Answers(
    [pageOf(HistoryItem), StandingShown],
    'INVALID_IDENTIFIER',
    'UNKNOWN_IDENTIFIER',
    'INVALID_CURSOR',
  )
  async all(
    @Param('identifier', IdentifierPipe) asked: ParsedIdentifier,
    @Query() query: HistoryAtQuery,
  ): Promise<Page<HistoryRow> | StandingAt> {
    const { byMatchKey } = await this.numbers.find(this.source.manager, [asked]);
    const found = byMatchKey.get(asked.matchKey);
    if (!found) throw Problem.of(unknownIdentifier(asked.written));
    const { identifier } = found.number;
    if (query.at) return this.at(identifier, query.at);
    return this.pages.of(
      ['history', identifier],
      query,
      (limit, after) =>
        this.history.all(this.source.manager, identifier, limit, Number(after?.[0] ?? 0)),
      ({ version }) => [version ?? 0],
    );
  }

  private async at(identifier: string, at: Date): Promise<StandingAt> {
    const around = await this.history.around(this.source.manager, identifier, at);
    const standing = around && standingAt(identifier, at, around);
    if (standing) return standing;
    const detail = `${identifier} was not in the ledger at ${at.toISOString()}`;
    throw Problem.of(refuse('UNKNOWN_IDENTIFIER', detail, { since: around?.bornAt }));
  }
}
