import { ReserveNumber, isRefused } from '@numbering/lifecycle';
import { mustBe, WrongAnswer, type Benchmark, type Contest, type Size } from '../benchmark';
import { openDoor } from './http-door';
import { numberOf } from '../number-of';
import type { Ground } from './ground';
import { reserveAs } from './reserve-as';
import { reserveInBulk } from './reserve-bulk.bench';
import { openSides, OURS, type Caller } from './reserve-sides';

const DEFAULT_CALLERS = 16;

/** Reservations a second of `ReserveNumber`, in this process, and of one statement under pgbench. */
const reserveBy = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'reserve' : `reserve-${callers}`,
  title: `in process, ${callers} callers / pgbench with all of it in one statement`,
  ...{ unit: 'reservations/s', better: 'higher', bounds: 'ratio', floor: 0.8, goal: 1 },
  open: (size, resources) => contest(size, resources, callers, inProcess),
});

/** The same through the REST door, a process of its own: token, checks, body and answer of each call. */
const reserveOverHttp = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'reserve-http' : `reserve-http-${callers}`,
  title: `through REST, ${callers} callers / the same pgbench`,
  ...{ unit: 'reservations/s', better: 'higher', bounds: 'ratio', floor: 0.5, goal: 0.7 },
  open: (size, resources) => contest(size, resources, callers, overHttp),
});

interface Way {
  one: Caller;
  /** CPU seconds that the process which serves has used. */
  cpuSeconds: () => number;
}

async function contest(
  size: Size,
  resources: AsyncDisposableStack,
  callers: number,
  open: (resources: AsyncDisposableStack, ground: Ground, callers: number) => Promise<Way>,
): Promise<Contest> {
  const sides = await openSides(resources, size);
  const way = await open(resources, sides.ground, callers);
  return {
    ours: async () => {
      const before = way.cpuSeconds();
      const { done, seconds } = await sides.ours(callers, way.one);
      const cpuMicroseconds = (way.cpuSeconds() - before) * 1e6;
      return { value: done / seconds, cpuPerOp: cpuMicroseconds / done };
    },
    limit: () => sides.limit(callers),
  };
}

async function inProcess(_: AsyncDisposableStack, { lifecycle }: Ground): Promise<Way> {
  const reserve = lifecycle.get(ReserveNumber);
  return {
    one: async (nth, tenantId) => {
      const number = numberOf(OURS, nth);
      const outcome = await reserveAs(reserve, tenantId, number);
      if (isRefused(outcome)) throw new WrongAnswer(`${number}: ${outcome.refusal.code}`);
      mustBe(number, outcome.answer.state, 'RESERVED');
      return 1;
    },
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  };
}

async function overHttp(
  resources: AsyncDisposableStack,
  ground: Ground,
  callers: number,
): Promise<Way> {
  const door = await openDoor(resources, ground, callers);
  return {
    one: async (nth, tenantId) => {
      const number = numberOf(OURS, nth);
      const { status, body } = await door.reserve(tenantId, number);
      if (status !== 201) throw new WrongAnswer(`${number}: ${status} ${body}`);
      const answer = JSON.parse(body) as { identifier: string; state: string };
      mustBe(number, `${answer.identifier} ${answer.state}`, `${number} RESERVED`);
      return 1;
    },
    cpuSeconds: door.cpuSeconds,
  };
}

export const reserveBenchmarks: readonly Benchmark[] = [
  ...[DEFAULT_CALLERS, 64].map(reserveBy),
  ...[DEFAULT_CALLERS, 64].map(reserveOverHttp),
  reserveInBulk,
];
