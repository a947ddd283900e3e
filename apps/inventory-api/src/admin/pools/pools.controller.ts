import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PROJECTION_METHOD, remainingPercentOf, runbookOf, totalOf } from '@numbering/domain';
import { CapacityStore, type KnownPool } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { ADMINS, Needs } from '../../http/auth.guard';
import { About, Answers } from '../../http/openapi';
import { PoolsShown, type PoolShown } from './pools.dto';

/** US-NUM-013: how much of each pool is left, and until when it lasts. */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/pools')
export class PoolsController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly capacity: CapacityStore,
  ) {}

  /**
   * All pools, as pool-monitor counted them last: every `CAPACITY_EVERY`, at once after an import or registration, and
   * when a `validFrom` comes; `measuredAt` says when that was.
   */
  @About(
    'How much of each pool is left, and until when it lasts',
    'US-NUM-013: as pool-monitor counted it last, at `measuredAt`. WARNING below 5 %, SEV1 below 1 %; projected exhaustion by the net consumption of the trailing 30 days (ruling 39).',
  )
  @Get('capacity')
  @Needs(ADMINS)
  @Answers(PoolsShown)
  async all(): Promise<PoolsShown> {
    const { manager } = this.source;
    const { last } = await this.capacity.marks(manager);
    const pools = await this.capacity.pools(manager);
    return { measuredAt: last?.measuredAt ?? null, pools: pools.map(shown) };
  }
}

const shown = ({ windowDays, severity, projectedExhaustionAt, ...pool }: KnownPool): PoolShown => ({
  operatorId: pool.operatorId,
  blockPrefix: pool.blockPrefix,
  identifierClass: pool.identifierClass,
  total: totalOf(pool),
  available: pool.available,
  reserved: pool.reserved,
  held: pool.held,
  leased: pool.leased,
  suspended: pool.suspended,
  quarantine: pool.quarantine,
  upcoming: pool.upcoming,
  remainingPercent: remainingPercentOf(pool),
  severity,
  projectedExhaustionAt,
  projection: { method: PROJECTION_METHOD, windowDays },
  runbook: runbookOf(pool),
});
