import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { isRefusal, parseIdentifier, type ParsedIdentifier } from '@numbering/domain';
import { AuditQuery, type AuditRow } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { Needs, OFFICERS } from '../../http/auth.guard';
import { About, Answers, pageOf } from '../../http/openapi';
import { Pages } from '../../http/page';
import { Problem } from '../../http/problem';
import { AuditItem, AuditListQuery } from './audit.dto';

/** Who did what, why, under which ticket and when (ruling 44). */
@ApiTags('admin: audit')
@Controller('v1/admin/numbering/audit')
export class AuditController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly audit: AuditQuery,
    private readonly pages: Pages,
  ) {}

  /** Newest first. */
  @About(
    'The audit log',
    'Ruling 44: who did what, why, under which ticket and when, newest first.',
  )
  @Get()
  @Needs(OFFICERS)
  @Answers(pageOf(AuditItem), 'INVALID_IDENTIFIER', 'INVALID_CURSOR')
  async list(@Query() query: AuditListQuery) {
    const { actor, action, from, to } = query;
    const identifier = query.identifier === undefined ? undefined : read(query.identifier);
    const { items, nextPage } = await this.pages.of(
      ['audit', identifier?.matchKey, actor, action, from?.toISOString(), to?.toISOString()],
      query,
      (limit, after) =>
        this.audit.page(
          this.source.manager,
          { identifier, actor, action, from, to },
          limit,
          after && String(after[0]),
        ),
      ({ auditId }) => [auditId],
    );
    return { items: items.map(shown), nextPage };
  }
}

function read(written: string): ParsedIdentifier {
  const parsed = parseIdentifier(written);
  if (isRefusal(parsed)) throw Problem.of(parsed);
  return parsed;
}

/** The row's own number is where a page ends, nobody's business beside that. */
const shown = ({ auditId: _auditId, ...row }: AuditRow) => row;
