import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { LifecycleModule, type ReconcilerStatus } from '@numbering/lifecycle';
import { underJobLock } from '@numbering/persistence';
import {
  bootConfig,
  isPostgresUnavailable,
  logToStderr,
  monotonicMs,
  sleepMs,
  type Config,
  type Log,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { MaintainPartitions } from './maintain-partitions';
import { SCHEDULE, type Scheduled } from './schedule';

/** What a cron job or a person is told by the exit code (sysexits.h, and 128 + 15). */
export const EXIT = {
  DONE: 0,
  /** Run it again: everything it does may be done twice. */
  FAILED: 1,
  USAGE: 64,
  SERVER_AWAY: 69,
  OTHER_RUN: 75,
  SIGTERM: 143,
} as const;

/** How long the batch under way may take after SIGTERM; what is cut off then is rolled back. */
const DRAIN_LIMIT_MS = 10_000;

/**
 * `main.js run JOB`: one reconciler once, without a door. Its JSON line is all that goes to stdout.
 * @returns the exit code; a faulty environment ends the process with 78 by itself
 */
export async function runJob(command: string, args: readonly string[]): Promise<number> {
  const [job, ...rest] = args;
  if (command !== 'run' || job === undefined || rest.length > 0) return usage('one job is wanted');
  const scheduled = SCHEDULE.find((each) => each.job === job);
  if (!scheduled) return usage(`there is no job ${JSON.stringify(job)}`);
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  const config = bootConfig('reservation-worker');
  const log = logToStderr(config);
  const work = runScheduled(scheduled, config, log, stopping.signal);
  return Promise.race([work, cutOff(stopping.signal)]);
}

function usage(fault: string): number {
  const jobs = SCHEDULE.map((each) => each.job).join(' | ');
  process.stderr.write(`${fault}\nusage: main.js run ${jobs}\n`);
  return EXIT.USAGE;
}

async function cutOff(signal: AbortSignal): Promise<number> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await sleepMs(DRAIN_LIMIT_MS);
  return EXIT.SIGTERM;
}

async function runScheduled(
  { job, reconciler }: Scheduled,
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<number> {
  const context = await NestFactory.createApplicationContext(JobModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  const beganAtMs = monotonicMs();
  const tell = ({ scanned, changed, failed }: ReconcilerStatus): void => {
    const durationMs = Math.round(monotonicMs() - beganAtMs);
    process.stdout.write(`${JSON.stringify({ job, scanned, changed, failed, durationMs })}\n`);
  };
  try {
    const run = await underJobLock(context.get(DataSource), job, () =>
      context.get(reconciler, { strict: false }).run(signal),
    );
    if (run) tell(run.result);
    else log.warn({ job }, 'another run of this job is under way');
    if (signal.aborted) return EXIT.SIGTERM;
    if (!run) return EXIT.OTHER_RUN;
    return run.result.failed > 0 ? EXIT.FAILED : EXIT.DONE;
  } catch (error) {
    log.error({ err: error, job }, 'the job failed; run it again');
    if (signal.aborted) return EXIT.SIGTERM;
    if (isPostgresUnavailable(error)) return EXIT.SERVER_AWAY;
    tell({ scanned: 0, changed: 0, failed: 1 });
    return EXIT.FAILED;
  } finally {
    await context.close().catch((error: unknown) => log.warn({ err: error }, 'the end failed'));
  }
}

/** What a job stands on: no door, no engine. */
@Module({})
class JobModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: JobModule,
      imports: [LifecycleModule.forRoot(config)],
      providers: [MaintainPartitions],
    };
  }
}
