import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  Header,
  Headers,
  Inject,
  Param,
  Query,
  StreamableFile,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
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
  type OwnNumber,
} from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { AskedBy, IdentifierPipe, ownTenantId } from '../http/asked';
import { Needs, READERS } from '../http/auth.guard';
import { prefersCsv } from '../http/csv';
import type { Position } from '../http/cursor';
import { About, Answers, AnswersCsvToo, pageOf } from '../http/openapi';
import { OwnPageQuery, Pages } from '../http/page';
import { Problem } from '../http/problem';
import { numberAnswer, type NumberAnswer } from './number-answer';
import { CLAIM_COLUMNS, CLAIMS_AT_A_TIME, csvOfClaims, type ClaimBatch } from './numbers-csv';
import { HistoryItem, NumberShown } from './number.answers';
import { OwnNumbersQuery } from './numbers.dto';

const EXAMPLE_CLAIM =
  '+93790000001,MSISDN,ROSHAN,false,RESERVED,b0f5f9c2-8f6e-4b57-9a39-3f0f9d4f2c11,acme,' +
  '2026-03-01T09:45:00.000Z,,,,,';
const CLAIMS_CSV = {
  description: `All claims, the columns ${CLAIM_COLUMNS.join(', ')}`,
  example: `${CLAIM_COLUMNS.join(',')}\r\n${EXAMPLE_CLAIM}\r\n`,
  headers: ['Content-Disposition'],
};

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

  /**
   * The caller's claims that count now, by class and normal form (ruling 40): a page of them, or all
   * as CSV where `Accept` says so.
   */
  @About(
    'The caller’s claims',
    'Reservations, holds and leases that count now, by class and normal form (ruling 40); where `Accept` asks for CSV, all of them without pages.',
  )
  @Get()
  @Needs(READERS)
  @Header('Vary', 'Accept')
  @AnswersCsvToo(CLAIMS_CSV)
  @Answers(pageOf(NumberShown), 'TENANT_MISMATCH', 'INVALID_CURSOR')
  async list(
    @AskedBy() caller: Caller,
    @Query() query: OwnNumbersQuery,
    @Headers('accept') accept: string | undefined,
  ) {
    const tenantId = ownTenantId(caller, query.tenantId);
    const { state, identifierClass } = query;
    const read = (limit: number, after?: Position) =>
      this.own.page(this.source.manager, { tenantId, state, identifierClass }, limit, after);
    const { policy } = this;
    const show = ({ number, now }: OwnNumber) =>
      numberAnswer(number, { caller, tenantId, now, policy });
    if (prefersCsv(accept)) return exported(read, show);
    const { items, nextPage } = await this.pages.of(
      ['numbers', tenantId, state, identifierClass],
      query,
      read,
      ({ sortKey }) => sortKey,
    );
    return { items: items.map(show), nextPage };
  }

  /**
   * As the number counts now (ruling 19): a lapsed claim or an ended cool-down shows as AVAILABLE.
   */
  @About(
    'One number as it counts now',
    'Ruling 19: a lapsed claim or a cool-down that is over shows as AVAILABLE, whether a worker has come by or not. Owners and officers see the claim too.',
  )
  @Get(':identifier')
  @Needs(READERS)
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
  @About(
    'What happened to a number in the caller’s own claims',
    'Oldest first. What happened to it with other tenants is not shown (ruling 18).',
  )
  @Get(':identifier/history')
  @Needs(READERS)
  @Answers(
    pageOf(HistoryItem),
    'INVALID_IDENTIFIER',
    'UNKNOWN_IDENTIFIER',
    'TENANT_MISMATCH',
    'INVALID_CURSOR',
  )
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

/** The first batch is read before the answer begins: what is refused or away is told as ever. */
async function exported(
  read: (limit: number, after?: Position) => Promise<OwnNumber[]>,
  show: (number: OwnNumber) => NumberAnswer,
): Promise<StreamableFile> {
  const batchFrom = async (after?: Position): Promise<ClaimBatch<Position>> => {
    const found = await read(CLAIMS_AT_A_TIME, after);
    const isFull = found.length === CLAIMS_AT_A_TIME;
    return { claims: found.map(show), endedAt: isFull ? found.at(-1)?.sortKey : undefined };
  };
  const csv = csvOfClaims(await batchFrom(), batchFrom);
  return new StreamableFile(Readable.from(csv, { objectMode: false }), {
    type: 'text/csv; charset=utf-8',
    disposition: 'attachment; filename="numbers.csv"',
  });
}
