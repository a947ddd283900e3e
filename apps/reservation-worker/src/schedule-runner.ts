import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CONFIG, type ReconcilerStatus } from '@numbering/lifecycle';
import { counter, type Config, type Log, type ReleaseAlarm } from '@numbering/platform';
import { OwedRuns } from './owed-runs';
import { ReconcilerLoop } from './reconciler-loop';
import { RELEASE_JOB, SCHEDULE, type RungBy, type Scheduled } from './schedule';
import { LOG } from './tokens';

/** How soon after its time of day, or after a start, a run that is owed begins. */
const LOOK_FOR_OWED_EVERY_MS = 5_000;

/** Does what the table says: one loop a reconciler, with the periods that are configured. */
@Injectable()
export class ScheduleRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly released = counter('num_reservations_auto_released_total');
  private readonly loops: ReadonlyMap<string, ReconcilerLoop>;

  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly owedRuns: OwedRuns,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) log: Log,
  ) {
    this.loops = new Map(
      SCHEDULE.map((scheduled) => {
        const { job } = scheduled;
        const lazily = { run: (signal?: AbortSignal) => this.run(scheduled, signal) };
        const onDone = (status: ReconcilerStatus, by: string): void =>
          job === RELEASE_JOB ? this.released.inc({ alarm: by }, status.changed) : undefined;
        return [job, new ReconcilerLoop(job, lazily, log, onDone)];
      }),
    );
  }

  /** The loop that all alarms of the release engine ring. */
  get releases(): ReconcilerLoop {
    const loop = this.loops.get(RELEASE_JOB);
    if (!loop) throw new Error(`the schedule lacks ${RELEASE_JOB}`);
    return loop;
  }

  onApplicationBootstrap(): void {
    // A counter that is not there yet cannot be told from one that stands still.
    for (const alarm of this.config.releaseAlarms) this.released.inc({ alarm }, 0);
    for (const scheduled of SCHEDULE) {
      this.startPeriods(scheduled);
      const time = scheduled.dailyAt?.(this.config) ?? 'off';
      if (time !== 'off') this.loops.get(scheduled.job)?.dailyAt(time);
      const owedAt = scheduled.owedAt?.(this.config) ?? 'off';
      if (owedAt !== 'off') this.loops.get(scheduled.job)?.every(LOOK_FOR_OWED_EVERY_MS, 'day');
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
  }

  private run(
    { job, reconciler, owedAt }: Scheduled,
    signal?: AbortSignal,
  ): Promise<ReconcilerStatus> {
    // Asked for at the first run: in the constructor the module is still being put together.
    const found = this.moduleRef.get(reconciler, { strict: false });
    const at = owedAt?.(this.config) ?? 'off';
    return at === 'off' ? found.run(signal) : this.owedRuns.run({ job, at }, found, signal);
  }

  private startPeriods({ job, periods }: Scheduled): void {
    for (const [by, everyMs] of Object.entries(periods(this.config)) as [
      RungBy,
      number | 'off',
    ][]) {
      const isOn = by === 'period' || this.config.releaseAlarms.has(by as ReleaseAlarm);
      if (isOn && everyMs !== 'off') this.loops.get(job)?.every(everyMs, by);
    }
  }
}
