import { ReserveNumber, isRefused } from '@numbering/lifecycle';
import { mustBe, WrongAnswer, type Benchmark, type Contest, type Size } from '../benchmark';
import { benchTenant, numberOf, openGround, TENANTS } from './ground';
import { pgbench } from './pgbench';
import { reserveAs } from './reserve-as';
import { reserveAsOneStatement } from './reserve.sql';

const OURS = '+9379';
const LIMIT = '+9372';
/** Rounds of each side, the warm-up among them, for which there are numbers. */
const MOST_ROUNDS = 12;
/** More than can be reserved in a second on any machine this is meant for. */
const NUMBERS_A_SECOND = 15_000;

/** Reservations a second of `ReserveNumber`, in this process, and of one statement under pgbench. */
const reserveBy = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'reserve' : `reserve-${callers}`,
  unit: 'reservations/s',
  better: 'higher',
  bounds: 'ratio',
  floor: 0.8,
  goal: 1,
  open: (size) => openReserve(callers, size),
});

async function openReserve(callers: number, { roundSeconds }: Size): Promise<Contest> {
  const count = Math.max(1, roundSeconds) * MOST_ROUNDS * NUMBERS_A_SECOND;
  const ground = await openGround([OURS, LIMIT], count);
  await ground.database.query('CREATE SEQUENCE bench_number');
  const reserve = ground.lifecycle.get(ReserveNumber);
  let next = 0;
  let limitTotal = 0;
  const one = async (): Promise<void> => {
    const number = numberOf(OURS, ++next);
    const outcome = await reserveAs(reserve, benchTenant(1 + (next % TENANTS)), number);
    if (isRefused(outcome)) throw new WrongAnswer(`${number}: ${outcome.refusal.code}`);
    mustBe(number, outcome.answer.state, 'RESERVED');
  };
  const reserved = async (prefix: string): Promise<number> => {
    const { rows } = await ground.database.query(
      `SELECT count(*)::integer AS n
         FROM numbering.leases l JOIN numbering.identifiers i USING (identifier)
        WHERE l.state = 'RESERVED' AND i.state = 'RESERVED' AND identifier LIKE $1`,
      [`${prefix}%`],
    );
    return rows[0].n;
  };
  return {
    ours: async () => {
      const [beganMs, beganCpu, before] = [performance.now(), process.cpuUsage(), next];
      const endMs = beganMs + roundSeconds * 1_000;
      const caller = async () => {
        while (performance.now() < endMs) await one();
      };
      await Promise.all(Array.from({ length: callers }, caller));
      const seconds = (performance.now() - beganMs) / 1_000;
      const { user, system } = process.cpuUsage(beganCpu);
      mustBe('reservations in the database', await reserved(OURS), next);
      const done = next - before;
      return { value: done / seconds, cpuPerOp: (user + system) / done };
    },
    limit: async () => {
      const script = reserveAsOneStatement(LIMIT);
      const how = { clients: callers, seconds: roundSeconds };
      const { transactionsPerSecond, transactions } = await pgbench(
        ground.databaseUrl,
        script,
        how,
      );
      limitTotal += transactions;
      mustBe('reservations of the limit', await reserved(LIMIT), limitTotal);
      return { value: transactionsPerSecond };
    },
    close: ground.close,
  };
}

const DEFAULT_CALLERS = 16;

export const reserveBenchmarks: readonly Benchmark[] = [reserveBy(DEFAULT_CALLERS), reserveBy(64)];
