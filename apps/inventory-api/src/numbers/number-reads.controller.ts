import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import {
  settle,
  unknownIdentifier,
  type Caller,
  type ParsedIdentifier,
  type Policy,
} from '@numbering/domain';
import { POLICY } from '@numbering/lifecycle';
import {
  HistoryQuery,
  NumberStore,
  OwnNumbersList,
  type FoundNumber,
} from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { AskedBy, IdentifierPipe, ownTenantId } from '../http/asked';
import { Needs, READERS } from '../http/auth.guard';
import { Answers, pageOf } from '../http/openapi';
import { OwnPageQuery, Pages } from '../http/page';
import { Problem } from '../http/problem';
import { numberAnswer } from './number-answer';
import { HistoryItem, NumberShown } from './number.answers';
import { OwnNumbersQuery } from './numbers.dto';

const IDENTIFIER = { name: 'identifier', type: String, example: '+93790000001' };

/** What a tenant may know of numbers: any one of them, and its own. */
@ApiTags('numbers')
@Controller('v1/numbers')
export class NumberReadsController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly numbers: NumberStore,
    private readonly own: OwnNumbersList,
    private readonly history: HistoryQuery,
    private readonly pages: Pages,
    @Inject(POLICY) private readonly policy: Policy,
  ) {}

  /** The caller's claims that count now, by class and normal form (ruling 40). */
  @Get()
  @Needs(READERS)
  @Answers(pageOf(NumberShown), 'TENANT_MISMATCH', 'INVALID_CURSOR')
  async list(@AskedBy() caller: Caller, @Query() query: OwnNumbersQuery) {
    const tenantId = ownTenantId(caller, query.tenantId);
    const { state, identifierClass } = query;
    const filter = { tenantId, state, identifierClass };
    const { items, nextPage } = await this.pages.of(
      ['numbers', tenantId, state, identifierClass],
      query,
      (limit, after) => this.own.page(this.source.manager, filter, limit, after),
      ({ sortKey }) => sortKey,
    );
    const { policy } = this;
    const shown = items.map(({ number, now }) =>
      numberAnswer(number, { caller, tenantId, now, policy }),
    );
    return { items: shown, nextPage };
  }

  /**
   * As the number counts now (ruling 19): a lapsed claim or an ended cool-down shows as AVAILABLE.
   */
  @Get(':identifier')
  @Needs(READERS)
  @ApiParam(IDENTIFIER)
  @Answers(NumberShown, 'INVALID_IDENTIFIER', 'UNKNOWN_IDENTIFIER')
  async one(
    @AskedBy() caller: Caller,
    @Param('identifier', IdentifierPipe) asked: ParsedIdentifier,
  ) {
    const { number, now } = await this.find(asked);
    const counted = settle(number, { now, policy: this.policy }).number;
    return numberAnswer(counted, { caller, now, policy: this.policy });
  }

  /** The rows of the caller's own claims, oldest first. */
  @Get(':identifier/history')
  @Needs(READERS)
  @ApiParam(IDENTIFIER)
  @Answers(pageOf(HistoryItem), 'INVALID_IDENTIFIER', 'UNKNOWN_IDENTIFIER', 'TENANT_MISMATCH')
  async ownHistory(
    @AskedBy() caller: Caller,
    @Param('identifier', IdentifierPipe) asked: ParsedIdentifier,
    @Query() query: OwnPageQuery,
  ) {
    const { identifier } = (await this.find(asked)).number;
    const tenantId = ownTenantId(caller, query.tenantId);
    return this.pages.of(
      ['own history', identifier, tenantId],
      query,
      (limit, after) =>
        this.history.own(this.source.manager, identifier, tenantId, limit, Number(after?.[0] ?? 0)),
      ({ version }) => [version ?? 0],
    );
  }

  private async find(asked: ParsedIdentifier): Promise<FoundNumber & { now: Date }> {
    const { byMatchKey, now } = await this.numbers.find(this.source.manager, [asked]);
    const found = byMatchKey.get(asked.matchKey);
    if (!found) throw Problem.of(unknownIdentifier(asked.written));
    return { ...found, now };
  }
}
