import { createHash } from 'node:crypto';
import {
  Controller,
  Get,
  Header,
  Headers,
  Inject,
  Query,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  addDays,
  dayStart,
  MAX_REPORT_ITEMS,
  overrideReport,
  type OverrideReport,
} from '@numbering/domain';
import { OverrideStore } from '@numbering/persistence';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { COMPLIANCE, Needs } from '../../http/auth.guard';
import { prefersCsv } from '../../http/csv';
import { About, Answers, AnswersCsvToo } from '../../http/openapi';
import { validationFailed } from '../../http/problem';
import { csvOfOverrides, OVERRIDE_COLUMNS } from './overrides-csv';
import { OverridesQuery, OverridesShown } from './overrides.dto';
import { reportRange } from './report-range';

const EXAMPLE_OVERRIDE =
  '2026-03-01T09:30:00.000Z,+93790000001,bilal,found to be unfounded,ABUSE,T-4711,acme,,' +
  '2026-05-30T09:30:00.000Z';
const REPORT_CSV = {
  description: `The items, the columns ${OVERRIDE_COLUMNS.join(', ')}`,
  example: `${OVERRIDE_COLUMNS.join(',')}\r\n${EXAMPLE_OVERRIDE}\r\n`,
  headers: ['Content-Disposition', 'Content-Digest'],
};

/** US-NUM-006: who ended which cool-down early, why, and who has the number now (ruling 23). */
@ApiTags('admin: quarantine')
@Controller('v1/admin/numbering/quarantine/overrides')
export class OverridesController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly overrides: OverrideStore,
  ) {}

  /** By whole days of UTC, as JSON or, where `Accept` says so, as CSV with a digest of its bytes. */
  @About(
    'The report of cool-downs that were ended early',
    'US-NUM-006, ruling 23: by whole days of UTC, both ends included; as CSV where `Accept` asks for it, with a digest of its bytes.',
  )
  @Get()
  @Needs(COMPLIANCE)
  @Header('Vary', 'Accept')
  @AnswersCsvToo(REPORT_CSV)
  @Answers(OverridesShown)
  async report(
    @Query() query: OverridesQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OverrideReport | StreamableFile> {
    const report = await this.read(query);
    return prefersCsv(accept) ? asFile(report, reply) : report;
  }

  private async read(query: OverridesQuery): Promise<OverrideReport> {
    const range = reportRange(query);
    const until = dayStart(addDays(range.to, 1));
    const { manager } = this.source;
    const items = await this.overrides.between(
      manager,
      dayStart(range.from),
      until,
      MAX_REPORT_ITEMS + 1,
    );
    if (items.length <= MAX_REPORT_ITEMS) return overrideReport(range, items);
    const message = `more than ${MAX_REPORT_ITEMS} overrides: ask for fewer days`;
    throw validationFailed([{ field: 'to', code: 'TOO_MANY_ITEMS', message }]);
  }
}

function asFile({ from, to, items }: OverrideReport, reply: FastifyReply): StreamableFile {
  const bytes = Buffer.from(csvOfOverrides(items));
  // RFC 9530: what was exported can be shown to be what was served.
  const digest = createHash('sha256').update(bytes).digest('base64');
  void reply.header('Content-Digest', `sha-256=:${digest}:`);
  return new StreamableFile(bytes, {
    type: 'text/csv; charset=utf-8',
    disposition: `attachment; filename="quarantine-overrides-${from}-${to}.csv"`,
    length: bytes.length,
  });
}
