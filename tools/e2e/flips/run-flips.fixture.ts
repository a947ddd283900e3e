import { brokenInvariants, eventually, random, type BrokenInvariant } from '@numbering/testing';
import type { OwnStack } from '../own-stack.fixture';
import { NumberWalk, TenantFlips, type Doors } from './number-walk.fixture';
import { Watcher, type Seen } from './watcher.fixture';

const MSISDNS = 16;
const ALPHAS = 8;
/** Tenants that are suspended and reinstated, and the numbers of each. */
const FLIPPED_TENANTS = 4;
const NUMBERS_OF_A_TENANT = 2;
/** Numbers and tenants that are changed at a time. */
const WRITERS = 8;
/** Watching goes on for longer than the promise, after the last flip. */
const WATCH_ON_MS = 1_200;

/** Something that happens to the servers when a share of the flips is done. */
export interface Trouble {
  name: string;
  strike: (world: OwnStack) => Promise<void>;
}

export interface FlipReport {
  flips: number;
  seconds: number;
  troubles: string[];
  /** By validator. */
  seen: Seen[];
  answers: number;
  wrong: number;
  wentBack: number;
  unavailable: number;
  maxStaleMs: number;
  /** Over the flips: how long after its acknowledgement an answer began that did not know of it. */
  p50StaleMs: number;
  p99StaleMs: number;
  /** Numbers whose row is not as their last acknowledged change left it. */
  lost: string[];
  /** What must hold of the ledger, and does not. */
  broken: BrokenInvariant[];
}

/**
 * Flips numbers and tenants through the real doors, asks both validators on and on meanwhile, lets the troubles happen
 * at even shares of the way, and judges every answer.
 * @throws where a flip is refused
 */
export async function runFlips(
  world: OwnStack,
  { flips, seed, troubles }: { flips: number; seed: number; troubles: readonly Trouble[] },
): Promise<FlipReport> {
  const doors = { admin: world.admin, second: world.second, random: random(seed) };
  const { walks, tenants } = await openSubjects(doors);
  const watched = {
    walks,
    tenants: new Map(tenants.map((each) => [each.tenantId, each.timeline])),
    random: random(seed + 1),
  };
  const watchers = world.validators.map(
    ({ grpc }) => new Watcher(grpc, world.validatorToken, watched),
  );
  const watching = Promise.all(watchers.map((watcher) => watcher.watch()));
  const beganAtMs = performance.now();
  const progress = { done: 0, isOver: false };
  try {
    const striking = strike(world, troubles, progress, flips);
    const flipping = flipAll([...walks, ...tenants], progress, flips, doors.random);
    await Promise.all([striking.then(() => (progress.isOver = true)), flipping]);
    const endedAtMs = performance.now();
    await eventually(() => {
      if (performance.now() - endedAtMs < WATCH_ON_MS) throw new Error('the watch goes on');
    });
  } finally {
    progress.isOver = true;
    for (const watcher of watchers) watcher.stop();
    await watching;
  }
  const seconds = (performance.now() - beganAtMs) / 1_000;
  const seen = watchers.map((watcher) => watcher.seen);
  return {
    ...reportOf({ flips: progress.done, seconds, troubles, seen, walks, tenants }),
    ...(await comparedWithRows(world, walks)),
  };
}

async function openSubjects(doors: Doors) {
  const msisdns = Array.from({ length: MSISDNS }, (_, i) => `+9379000${1_000 + i}`);
  const alphas = Array.from({ length: ALPHAS }, (_, i) => `Flip ${i}`);
  const tenants = Array.from(
    { length: FLIPPED_TENANTS },
    (_, i) => new TenantFlips(`flipped-${i}`, doors),
  );
  const theirs = tenants.flatMap(({ tenantId }, i) =>
    Array.from({ length: NUMBERS_OF_A_TENANT }, (_, k) => ({
      identifier: `+9379000${2_000 + NUMBERS_OF_A_TENANT * i + k}`,
      tenantId,
    })),
  );
  const all = [...msisdns, ...theirs.map(({ identifier }) => identifier), ...alphas];
  const identifiers = all.map((identifier) => ({ identifier, operatorId: 'ROSHAN' }));
  const { status, body } = await doors.admin.post('/v1/admin/numbering/identifiers', {
    identifiers,
  });
  if (status !== 200) throw new Error(JSON.stringify(body));
  const walks = [...msisdns, ...alphas].map((identifier) => new NumberWalk(identifier, doors));
  const staying = theirs.map(
    ({ identifier, tenantId }) => new NumberWalk(identifier, doors, tenantId),
  );
  // A suspended tenant may lease nothing, so theirs are leased before.
  for (const walk of staying) while (walk.timeline.now.state !== 'LEASED') await walk.flip();
  return { walks: [...walks, ...staying], tenants };
}

/** Each writer has subjects of its own, so that each subject has one change at a time. */
async function flipAll(
  subjects: readonly (NumberWalk | TenantFlips)[],
  progress: { done: number; isOver: boolean },
  flips: number,
  pick: Doors['random'],
): Promise<void> {
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    const mine = subjects.filter((_subject, i) => i % WRITERS === writer);
    while (progress.done < flips || !progress.isOver) {
      const subject = mine[pick(mine.length)] as NumberWalk | TenantFlips;
      await subject.flip();
      progress.done++;
    }
  });
  await Promise.all(writers);
}

async function strike(
  world: OwnStack,
  troubles: readonly Trouble[],
  progress: { done: number },
  flips: number,
): Promise<void> {
  for (const [i, trouble] of troubles.entries()) {
    const share = ((i + 1) * flips) / (troubles.length + 1);
    await eventually(
      () => {
        if (progress.done < share) throw new Error(`${progress.done} of ${share} flips`);
      },
      { withinMs: Infinity },
    );
    await trouble.strike(world);
  }
}

function reportOf(run: {
  flips: number;
  seconds: number;
  troubles: readonly Trouble[];
  seen: Seen[];
  walks: readonly NumberWalk[];
  tenants: readonly TenantFlips[];
}) {
  const sum = (of: (seen: Seen) => number) => run.seen.reduce((all, each) => all + of(each), 0);
  const outlived = [...run.walks, ...run.tenants]
    .flatMap(({ timeline }): number[] => timeline.outlivedMs)
    .sort((a, b) => a - b);
  const quantile = (q: number) => outlived[Math.floor(q * (outlived.length - 1))] ?? 0;
  return {
    flips: run.flips,
    seconds: run.seconds,
    troubles: run.troubles.map(({ name }) => name),
    seen: run.seen,
    answers: sum(({ answers }) => answers),
    wrong: sum(({ wrong }) => wrong),
    wentBack: sum(({ wentBack }) => wentBack),
    unavailable: sum(({ unavailable }) => unavailable),
    maxStaleMs: Math.max(...run.seen.map(({ maxStaleMs }) => maxStaleMs)),
    p50StaleMs: quantile(0.5),
    p99StaleMs: quantile(0.99),
  };
}

async function comparedWithRows({ sql }: OwnStack, walks: readonly NumberWalk[]) {
  const rows = await sql<{ identifier: string; state: string }>(
    'SELECT identifier, state FROM numbering.identifiers',
  );
  const stateOf = new Map(rows.map(({ identifier, state }) => [identifier, state]));
  const lost = walks
    .filter(({ identifier, timeline }) => stateOf.get(identifier) !== timeline.now.state)
    .map(({ identifier }) => identifier);
  const broken = await brokenInvariants(
    sql,
    rows.map(({ identifier }) => identifier),
  );
  return { lost, broken };
}
