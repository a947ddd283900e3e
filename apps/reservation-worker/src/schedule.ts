import type { Type } from '@nestjs/common';
import {
  Cascade,
  EndCoolDowns,
  ExpireLeases,
  ReleaseDueClaims,
  RenewLeases,
  ReportOverrides,
  SnapshotCapacity,
  ListValidNumbers,
} from '@numbering/lifecycle';
import type { Config, ReleaseAlarm } from '@numbering/platform';
import type { TimeOfDay } from './time-of-day';
import { MaintainPartitions } from './maintain-partitions';
import type { Reconciler } from './reconciler-loop';

/** What rings a reconciler: an alarm of the release engine, or its period alone. */
export type RungBy = ReleaseAlarm | 'period';

export interface Scheduled {
  job: string;
  /** The one code path of the job: alarms, periods and `run JOB` all come to it. */
  reconciler: Type<Reconciler>;
  /** By the clock; `off`: something else runs it (cron). */
  periods: (config: Config) => Partial<Record<RungBy, number | 'off'>>;
  /** Once a day in UTC, not before that time first comes; what was missed is for the next run to catch up with. */
  dailyAt?: (config: Config) => TimeOfDay | 'off';
  /** As `dailyAt`, in the database's clock, and made up for where everybody was down then (owed-runs.ts). */
  owedAt?: (config: Config) => TimeOfDay | 'off';
  /** Beside the clock: key-event-alarm.ts, ring-processor.ts. */
  wokenBy: readonly ReleaseAlarm[];
}

/**
 * How often due claims are looked for. An index look-up that finds nothing: it costs next to
 * nothing, needs no Redis, and keeps the 2 s by itself.
 */
const POLL_EVERY_MS = 40;
/** A suspension's recalls begin within this, whichever process marked the tenant. */
const CASCADE_EVERY_MS = 250;
/** A number is listed within this from its `validFrom` on; reserved it may be at once. */
const LIST_VALID_EVERY_MS = 500;
/** A little after the day is over, and not together with what others run at midnight. */
const REPORT_OVERRIDES_AT: TimeOfDay = { hour: 0, minute: 5 };
/** A day's consumption is told by the count at its beginning. */
const SNAPSHOT_CAPACITY_AT: TimeOfDay = { hour: 0, minute: 15 };
const MAINTAIN_PARTITIONS_EVERY_MS = 3_600_000;

export const RELEASE_JOB = 'release-expired';

/** THE table: which reconciler, how often, what wakes it. */
export const SCHEDULE: readonly Scheduled[] = [
  {
    // US-NUM-010. Poll and BullMQ are prompt, the key event is the story's, the sweep makes sure.
    job: RELEASE_JOB,
    reconciler: ReleaseDueClaims,
    periods: (config) => ({ poll: POLL_EVERY_MS, sweep: config.sweepReservationsEveryMs }),
    wokenBy: ['redis', 'bullmq'],
  },
  {
    // US-NUM-006. Correctness never waits for it: decisions count a cool-down that is over as over.
    job: 'end-quarantine',
    reconciler: EndCoolDowns,
    periods: (config) => ({ period: config.sweepQuarantineEveryMs }),
    wokenBy: [],
  },
  {
    // US-NUM-005, ruling 27.
    job: 'renew-leases',
    reconciler: RenewLeases,
    periods: () => ({}),
    owedAt: (config) => config.renewLeasesAt,
    wokenBy: [],
  },
  {
    // Ruling 29.
    job: 'expire-leases',
    reconciler: ExpireLeases,
    periods: (config) => ({ period: config.expireLeasesEveryMs }),
    wokenBy: [],
  },
  {
    // US-NUM-004. Finds nothing by one index look-up; a cascade under way it works off in one run.
    job: 'cascade',
    reconciler: Cascade,
    periods: () => ({ period: CASCADE_EVERY_MS }),
    wokenBy: [],
  },
  {
    // US-NUM-006, ruling 23.
    job: 'override-report',
    reconciler: ReportOverrides,
    periods: () => ({}),
    dailyAt: () => REPORT_OVERRIDES_AT,
    wokenBy: [],
  },
  {
    // US-NUM-001, US-NUM-014: browsing lags by no more. One index look-up where nothing has come.
    job: 'list-valid',
    reconciler: ListValidNumbers,
    periods: () => ({ period: LIST_VALID_EVERY_MS }),
    wokenBy: [],
  },
  {
    // US-NUM-013, ruling 39.
    job: 'capacity-snapshot',
    reconciler: SnapshotCapacity,
    periods: () => ({}),
    owedAt: () => SNAPSHOT_CAPACITY_AT,
    wokenBy: [],
  },
  {
    job: 'maintain-partitions',
    reconciler: MaintainPartitions,
    periods: () => ({ period: MAINTAIN_PARTITIONS_EVERY_MS }),
    wokenBy: [],
  },
];
