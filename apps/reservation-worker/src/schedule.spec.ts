import { RENEWAL_JOB, SNAPSHOT_JOB } from '@numbering/lifecycle';
import { loadConfig, type Config } from '@numbering/platform';
import { ALL_TOPICS } from './kafka-topics';
import { SCHEDULE } from './schedule';

const config = (environment: Record<string, string> = {}): Config =>
  loadConfig(
    {
      DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
      REDIS_URL: 'redis://127.0.0.1:6379',
      BILLING_URL: 'http://127.0.0.1:1',
      ...environment,
    },
    'reservation-worker',
  );

describe('the schedule', () => {
  it('has every job of the contract, and the one that browsing waits for', () => {
    const jobs = SCHEDULE.map((each) => each.job).sort();
    expect(jobs).toEqual(
      [
        'cascade',
        'capacity-snapshot',
        'end-quarantine',
        'expire-leases',
        'maintain-partitions',
        'override-report',
        'release-expired',
        'renew-leases',
        'list-valid',
      ].sort(),
    );
  });

  it('has the four alarms of the release engine', () => {
    const release = SCHEDULE.find((each) => each.job === 'release-expired');
    const alarms = [...Object.keys(release?.periods(config()) ?? {}), ...(release?.wokenBy ?? [])];
    expect(alarms.sort()).toEqual(['bullmq', 'poll', 'redis', 'sweep']);
  });

  it('takes its periods from the configuration', () => {
    const periods = (job: string, environment: Record<string, string>) =>
      SCHEDULE.find((each) => each.job === job)?.periods(config(environment));
    expect(periods('release-expired', { SWEEP_RESERVATIONS_EVERY: '7s' })).toMatchObject({
      sweep: 7_000,
    });
    expect(periods('end-quarantine', {})).toEqual({ period: 300_000 });
    expect(periods('expire-leases', { EXPIRE_LEASES_EVERY: 'off' })).toEqual({ period: 'off' });
  });

  it('owes the renewal from its time of day on, under the name that its runs are remembered by', () => {
    const renewal = SCHEDULE.find((each) => each.job === RENEWAL_JOB);
    expect(renewal?.owedAt?.(config())).toEqual({ hour: 2, minute: 0 });
    expect(renewal?.owedAt?.(config({ RENEW_LEASES_AT: 'off' }))).toBe('off');
  });

  it('owes the daily count of the pools, under the name that its runs are remembered by', () => {
    const snapshot = SCHEDULE.find((each) => each.job === SNAPSHOT_JOB);
    expect(snapshot?.owedAt?.(config())).toEqual({ hour: 0, minute: 15 });
  });

  it('knows each topic once, and a dead letter topic for each that is read', () => {
    const names = ALL_TOPICS.map((topic) => topic.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.endsWith('.dlq')).sort()).toEqual([
      'billing.plan.changed.dlq',
      'compliance.tenant.reinstated.dlq',
      'compliance.tenant.suspended.dlq',
    ]);
  });
});
