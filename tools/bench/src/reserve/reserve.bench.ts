import { ReserveNumber, isRefused } from '@numbering/lifecycle';
import { mustBe, WrongAnswer, type Benchmark, type Contest, type Size } from '../benchmark';
import { openGround, tenantId, TENANTS } from './ground';
import { pgbench } from './pgbench';
import { reserveAsOneStatement } from './reserve.sql';

const OURS = '+9379';
const LIMIT = '+9372';
/** Warm-up, at most this many rounds, and as much again. */
const MOST_ROUNDS = 12;

/** Reservations a second of `ReserveNumber`, in this process, and of one statement under pgbench. */
const reserveBy = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'reserve' : `reserve-${callers}`,
  unit: 'reservations/s',
  better: 'higher',
  floor: 0.8,
  goal: 1,
  open: (size) => openReserve(callers, size),
});

async function openReserve(callers: number, { roundSeconds }: Size): Promise<Contest> {
  const ground = await openGround([OURS, LIMIT], Math.max(1, roundSeconds) * MOST_ROUNDS);
  await ground.database.query('CREATE SEQUENCE bench_number');
  const reserve = ground.lifecycle.get(ReserveNumber);
  let next = 0;
  let limitTotal = 0;
  const one = async (): Promise<void> => {
    const written = `${OURS}${String(++next).padStart(7, '0')}`;
    const tenant = tenantId(1 + (next % TENANTS));
    const caller = { sub: 'bench', tenantId: tenant, scopes: new Set(['numbering:write']) };
    const outcome = await reserve.run(
      { caller, requestId: 'bench' },
      { identifierClass: 'MSISDN', written, matchKey: written },
    );
    if (isRefused(outcome)) throw new WrongAnswer(`${written}: ${outcome.refusal.code}`);
    mustBe(written, outcome.answer.state, 'RESERVED');
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
