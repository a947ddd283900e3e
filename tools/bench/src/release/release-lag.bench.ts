import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import {
  mustBe,
  WrongAnswer,
  type Benchmark,
  type Contest,
  type Measured,
  type Size,
} from '../benchmark';
import { eventually } from '@numbering/testing';
import { percentile } from '../measure';
import { startApp } from '../built-app';
import { openGround, TENANTS } from '../reserve/ground';

const PREFIX = '+9379';
const LIVE = 100_000;
const SHORT_LIVE = 2_000;
const ENDING_A_SECOND = 110;
const BURST = 10_000;
const SHORT_BURST = 500;
const STEADY_SECONDS = 10;
const SHORT_STEADY_SECONDS = 2;
/** So that claims are there before they end. */
const LEAD_SECONDS = 1;
/** Looked at this often: what is seen is at most so much later than it was. */
const LOOK_EVERY_MS = 10;
/** What has not ended by then is lost. */
const PATIENCE_MS = 30_000;
/** Redis tells of keys late where many live; what it has not told by then is not waited for. */
const KEY_EVENTS_PATIENCE_MS = 3_000;

/**
 * From a claim's end to its number AVAILABLE for a reader, with 100,000 live claims and 110 ending a second; beside it,
 * in the same round, what plain key events of the same ends give among as many live keys.
 */
const steady: Benchmark = {
  name: 'release-lag',
  title: "a claim's end to AVAILABLE, 100,000 live, 110 ending a second / a plain key event",
  unit: 'ms p99',
  better: 'lower',
  bounds: 'ours',
  floor: 250,
  goal: 60,
  open: (size, resources) => {
    const seconds = size.short ? SHORT_STEADY_SECONDS : STEADY_SECONDS;
    const ending = { count: ENDING_A_SECOND * seconds, overSeconds: seconds };
    return openReleaseLag(size, resources, ending, (lags) => percentile(lags, 0.99));
  },
};

/** The same of 10,000 that end in one second: the last of them. */
const burst: Benchmark = {
  name: 'release-lag-burst',
  title: 'the same of 10,000 that end in one second',
  unit: 'ms at most',
  better: 'lower',
  bounds: 'ours',
  floor: 2_000,
  goal: 1_000,
  open: (size, resources) => {
    const ending = { count: size.short ? SHORT_BURST : BURST, overSeconds: 1 };
    return openReleaseLag(size, resources, ending, (lags) => Math.max(...lags));
  },
};

export const releaseLagBenchmarks: readonly Benchmark[] = [steady, burst];

/** Of one round: both sides saw the same ends. */
interface Round {
  ours: Measured;
  limit: Measured;
}

async function openReleaseLag(
  { short, rounds }: Size,
  resources: AsyncDisposableStack,
  { count, overSeconds }: { count: number; overSeconds: number },
  figure: (lagsMs: readonly number[]) => number,
): Promise<Contest> {
  const live = short ? SHORT_LIVE : LIVE;
  const ground = await openGround(resources, [PREFIX], live + rounds * count);
  const { database } = ground;
  let next = 1;

  /** Reservations of numbers that are free, ending one after the other over so many seconds. */
  const claim = async (claims: number, fromSeconds: number, seconds: number) => {
    const first = next;
    next += claims;
    const { rows } = await database.query(CLAIM, [
      ...[PREFIX, first, first + claims - 1],
      ...[fromSeconds, seconds, TENANTS],
    ]);
    mustBe('claims made', rows.length, claims);
    return new Map(rows.map(({ identifier, ends }) => [identifier as string, ends as Date]));
  };
  await claim(live, 3_600, 36_000);
  const worker = await startApp(resources, 'reservation-worker', ground);
  const keyEvents = await listen(resources, ground.redisUrl);
  // The worker arms what it finds alive: the events come from among as many keys as there are claims.
  await keyEvents.areAmong(live);

  const round = async (): Promise<Round> => {
    const cpuBefore = worker.cpuSeconds();
    const ends = await claim(count, LEAD_SECONDS, overSeconds);
    const told = keyEvents.expire(ends);
    const lags = await lagsOf(database, ends);
    const cpu = worker.cpuSeconds() - cpuBefore;
    return {
      ours: { value: figure(lags), cpuPerOp: (cpu * 1_000_000) / count },
      limit: { value: figure(await told) },
    };
  };
  const sides = inPairs(round);
  return {
    ...sides,
    seen: () => ({ live, ending: count, overSeconds }),
  };
}

/** Whichever side is asked for first makes the round, and the other one has its own figure from it. */
function inPairs(round: () => Promise<Round>) {
  const left: { [Side in keyof Round]?: Measured } = {};
  const side = (asked: keyof Round, other: keyof Round) => async (): Promise<Measured> => {
    const kept = left[asked];
    delete left[asked];
    if (kept) return kept;
    const both = await round();
    left[other] = both[other];
    return both[asked];
  };
  return { ours: side('ours', 'limit'), limit: side('limit', 'ours') };
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
async function listen(resources: AsyncDisposableStack, redisUrl: string) {
  const [redis, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
  for (const client of [redis, subscriber]) resources.defer(() => client.disconnect());
  const expired = new Map<string, number>();
  await subscriber.psubscribe('__keyevent@*__:expired');
  subscriber.on('pmessage', (_pattern: string, _channel: string, key: string) => {
    if (key.startsWith('bench:')) expired.set(key, Date.now());
  });
  return {
    areAmong: (live: number) =>
      eventually(
        async () => {
          const keys = await redis.dbsize();
          if (keys < live) throw new WrongAnswer(`${keys} of ${live} live keys`);
        },
        { withinMs: PATIENCE_MS },
      ),
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
  };
}
