import { RECALL_REASONS } from '@numbering/contracts';
import { DAY_MS } from '@numbering/domain';
import { loadConfig } from '@numbering/platform';
import { policyOf } from './policy-of';

const policy = (environment: Record<string, string>) =>
  policyOf(
    loadConfig(
      {
        DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
        REDIS_URL: 'redis://127.0.0.1:6379',
        BILLING_URL: 'http://127.0.0.1:1',
        ...environment,
      },
      'reservation-worker',
    ),
  );

describe('the policy that is configured', () => {
  it('has a cool-down of its own for each reason of a recall (ruling 24)', () => {
    const byReason = RECALL_REASONS.map((reason, i) => [reason, i] as const);
    const written = byReason.map(([reason, days]) => `${reason}=${days}d`).join(',');
    expect(policy({ QUARANTINE_BY_REASON: written }).quarantineMsByReason).toEqual(
      Object.fromEntries(byReason.map(([reason, days]) => [reason, days * DAY_MS])),
    );
  });

  it('has none by reason unless it says so', () => {
    expect(policy({}).quarantineMsByReason).toEqual({});
  });
});
