import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { mustBe, WrongAnswer, type Benchmark, type Contest, type Size } from '../benchmark';
import { percentile } from '../measure';
import { openGround, TENANTS } from '../reserve/ground';
import { startWorker } from './worker';

const PREFIX = '+9379';
const LIVE = 100_000;
const SHORT_LIVE = 2_000;
const ENDING_A_SECOND = 110;
const BURST = 10_000;
const SHORT_BURST = 500;
const STEADY_SECONDS = 10;
const SHORT_STEADY_SECONDS = 2;
const MOST_RUNS = 12;
/** So that claims are there before they end. */
const LEAD_SECONDS = 1;
/** Looked at this often: what is seen is at most so much later than it was. */
const LOOK_EVERY_MS = 10;
/** What has not ended by then is lost. */
const PATIENCE_MS = 30_000;
/** Redis tells of keys late where many live; what it has not told by then is not waited for. */
const KEY_EVENTS_PATIENCE_MS = 3_000;

/**
 * From a claim's end to its number AVAILABLE for a reader, with 100,000 live claims and 110 ending a second, then with
 * 10,000 ending in one second; beside it, in the same run, what plain key events of the same ends would give.
 */
export const releaseLag: Benchmark = {
  name: 'release-lag',
  unit: 'ms p99 (release / key event)',
  better: 'lower',
  bounds: 'ours',
  floor: 250,
  goal: 60,
  open: openReleaseLag,
};

async function openReleaseLag({ short }: Size): Promise<Contest> {
  const live = short ? SHORT_LIVE : LIVE;
  const burst = short ? SHORT_BURST : BURST;
  const steadySeconds = short ? SHORT_STEADY_SECONDS : STEADY_SECONDS;
  const steady = ENDING_A_SECOND * steadySeconds;
  const ground = await openGround([PREFIX], live + MOST_RUNS * (steady + burst));
  const { database } = ground;
  let next = 1;

  /** Reservations of numbers that are free, ending one after the other over so many seconds. */
  const claim = async (count: number, fromSeconds: number, overSeconds: number) => {
    const first = next;
    next += count;
    const { rows } = await database.query(CLAIM, [
      ...[PREFIX, first, first + count - 1],
      ...[fromSeconds, overSeconds, TENANTS],
    ]);
    mustBe('claims made', rows.length, count);
    return new Map(rows.map(({ identifier, ends }) => [identifier as string, ends as Date]));
  };
  await claim(live, 3_600, 36_000);
  const worker = await startWorker(ground.databaseUrl, ground.redisUrl);
  const keyEvents = await listen(ground.redisUrl);
  await keyEvents.set(live);
  const bursts: number[] = [];
  let lastKeyEventMs = NaN;

  return {
    ours: async () => {
      const cpuBefore = worker.cpuSeconds();
      const ends = await claim(steady, LEAD_SECONDS, steadySeconds);
      const told = keyEvents.expire(ends);
      const lags = await lagsOf(database, ends);
      const cpu = worker.cpuSeconds() - cpuBefore;
      lastKeyEventMs = percentile(await told, 0.99);
      const burstEnds = await claim(burst, LEAD_SECONDS, 1);
      bursts.push(Math.max(...(await lagsOf(database, burstEnds))));
      return { value: percentile(lags, 0.99), cpuPerOp: (cpu * 1_000_000) / steady };
    },
    limit: async () => ({ value: lastKeyEventMs }),
    seen: () => ({ live, burst, burstLongestMs: bursts.map(Math.round) }),
    close: async () => {
      keyEvents.close();
      await worker.stop();
      await ground.close();
    },
  };
}

const CLAIM = `
  WITH claimed AS (
    UPDATE numbering.identifiers
       SET state = 'RESERVED', version = version + 1, changed_at = clock_timestamp()
     WHERE identifier BETWEEN $1 || lpad($2::text, 7, '0') AND $1 || lpad($3::text, 7, '0')
    RETURNING identifier
  ), ordered AS (
    SELECT identifier, row_number() OVER (ORDER BY identifier) AS nth, count(*) OVER () AS n
      FROM claimed
  )
  INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at, expires_at,
                                auto_renew, vanity)
  SELECT gen_random_uuid(), identifier, 'bench-' || (1 + nth % $6), 'RESERVED', clock_timestamp(),
         date_trunc('milliseconds', clock_timestamp())
           + make_interval(secs => $4::float8 + $5::float8 * nth / n),
         false, false
    FROM ordered
  RETURNING identifier, expires_at AS ends`;

/** Milliseconds from each end to when a reader first saw the number free. */
async function lagsOf(
  database: { query: (sql: string, values: unknown[]) => Promise<{ rows: Seen[] }> },
  ends: ReadonlyMap<string, Date>,
): Promise<number[]> {
  const waiting = new Map(ends);
  const lags: number[] = [];
  const lastEndMs = Math.max(...[...ends.values()].map((end) => end.getTime()));
  while (waiting.size > 0) {
    const { rows } = await database.query(
      `SELECT identifier, state, clock_timestamp() AS now
         FROM numbering.identifiers
        WHERE identifier = ANY ($1) AND state = 'AVAILABLE'`,
      [[...waiting].filter(([, end]) => end.getTime() <= Date.now()).map(([number]) => number)],
    );
    for (const { identifier, now } of rows) {
      const lagMs = now.getTime() - (waiting.get(identifier)?.getTime() ?? NaN);
      if (lagMs < 0) throw new WrongAnswer(`${identifier} was free ${-lagMs} ms early`);
      lags.push(lagMs);
      waiting.delete(identifier);
    }
    if (Date.now() > lastEndMs + PATIENCE_MS) {
      throw new WrongAnswer(`${waiting.size} claims were not released`);
    }
    await pause(LOOK_EVERY_MS);
  }
  return lags;
}

interface Seen {
  identifier: string;
  now: Date;
}

/** Plain key events of keys of its own, as many as there are claims. */
async function listen(redisUrl: string) {
  const [redis, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
  const expired = new Map<string, number>();
  await subscriber.psubscribe('__keyevent@*__:expired');
  subscriber.on('pmessage', (_pattern: string, _channel: string, key: string) => {
    if (key.startsWith('bench:')) expired.set(key, Date.now());
  });
  return {
    set: async (count: number) => {
      for (let from = 0; from < count; from += KEYS_AT_ONCE) {
        const keys = Array.from(
          { length: Math.min(KEYS_AT_ONCE, count - from) },
          (_, i) => from + i,
        );
        await Promise.all(keys.map((nth) => redis.set(`bench:live:${nth}`, '1', 'EX', 36_000)));
      }
    },
    /** Milliseconds from each end to its event; one that has not come counts as what was waited. */
    expire: async (ends: ReadonlyMap<string, Date>): Promise<number[]> => {
      await Promise.all(
        [...ends].map(([number, end]) => redis.set(`bench:${number}`, '1', 'PXAT', end.getTime())),
      );
      const lastMs = Math.max(...[...ends.values()].map((end) => end.getTime()));
      while (Date.now() < lastMs + KEY_EVENTS_PATIENCE_MS && expired.size < ends.size) {
        await pause(LOOK_EVERY_MS);
      }
      const nowMs = Date.now();
      const lags = [...ends].map(
        ([number, end]) => (expired.get(`bench:${number}`) ?? nowMs) - end.getTime(),
      );
      expired.clear();
      return lags;
    },
    close: () => {
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

const KEYS_AT_ONCE = 1_000;
