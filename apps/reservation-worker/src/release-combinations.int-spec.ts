import { metricsRegistry } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import type { TestingModule } from '@nestjs/testing';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const ALARMS = ['redis', 'bullmq', 'poll', 'sweep'];
/** Every set of alarms but the empty one. */
const COMBINATIONS = Array.from({ length: 2 ** ALARMS.length - 1 }, (_, i) =>
  ALARMS.filter((_alarm, bit) => ((i + 1) >> bit) & 1).join(','),
);
const CLAIMS = 5;
/** Shorter than a reservation may be in earnest, so that its end can be waited for. */
const RESERVE_TTL_MS = 1_000;
/** The promise of US-NUM-010, beyond the claim's end. */
const PROMISE_MS = 2_000;
/** A ring of the slowest of them, on a machine that has more to do than it can. */
const LEEWAY_MS = 2_000;

describe('US-NUM-010 any of the alarms', () => {
  let world: World;
  let worker: TestingModule | undefined;
  let next = 1;

  beforeAll(async () => {
    world = await openWorld({ RESERVE_TTL: '1s' });
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });
  afterAll(() => world.close());

  it.each(COMBINATIONS)('%s free a claim at its end, and tell of it once', async (alarms) => {
    worker = await world.startWorker({ RELEASE_ALARMS: alarms, SWEEP_RESERVATIONS_EVERY: '1s' });
    const identifiers = Array.from(
      { length: CLAIMS },
      () => `+9379${String(next++).padStart(7, '0')}`,
    );
    for (const identifier of identifiers) await world.reserve(identifier);
    await eventually(
      async () => {
        const states = await world.source.query(
          `SELECT DISTINCT state FROM numbering.identifiers WHERE identifier = ANY ($1)`,
          [identifiers],
        );
        expect(states).toEqual([{ state: 'AVAILABLE' }]);
      },
      { withinMs: RESERVE_TTL_MS + PROMISE_MS + LEEWAY_MS },
    );
    const told = await world.source.query(
      `SELECT o.key, count(*)::integer AS events, bool_or(a.at < l.expires_at) AS "isEarly"
         FROM numbering.leases l
         JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'TTL_EXPIRE'
         JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
        WHERE l.identifier = ANY ($1)
        GROUP BY o.key`,
      [identifiers],
    );
    expect(told).toHaveLength(CLAIMS);
    const counted = new RegExp(
      `num_reservations_auto_released_total\\{alarm="(${alarms.replaceAll(',', '|')})"\\} [1-9]`,
    );
    await eventually(async () => expect(await metricsRegistry.metrics()).toMatch(counted));
    for (const each of told) expect(each).toMatchObject({ events: 1, isEarly: false });
  });
});
