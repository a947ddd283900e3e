import { mustBe, type Measured, type Size } from '../benchmark';
import { benchTenant, openGround, TENANTS, type Ground } from './ground';
import { pgbench } from './pgbench';
import { reserveAsOneStatement } from './reserve.sql';

export const OURS = '+9379';
const LIMIT = '+9372';
/** More than can be reserved in a second on any machine this is meant for. */
const NUMBERS_A_SECOND = 15_000;

/** Reserves what is the caller's alone by its turn. @returns how many numbers that were */
export type Caller = (nth: number, tenantId: string) => Promise<number>;

export interface Sides {
  ground: Ground;
  /** So many callers, one call after the other each; what they say is compared with the database. */
  ours: (callers: number, one: Caller) => Promise<{ done: number; seconds: number }>;
  /** The same by one statement of SQL under pgbench. */
  limit: (callers: number) => Promise<Measured>;
}

export async function openSides(
  resources: AsyncDisposableStack,
  { roundSeconds, rounds }: Size,
): Promise<Sides> {
  const count = Math.max(1, roundSeconds) * rounds * NUMBERS_A_SECOND;
  const ground = await openGround(resources, [OURS, LIMIT], count);
  await ground.database.query('CREATE SEQUENCE bench_number');
  const reserved = async (prefix: string): Promise<number> => {
    const { rows } = await ground.database.query(
      `SELECT count(*)::integer AS n
         FROM numbering.leases l JOIN numbering.identifiers i USING (identifier)
        WHERE l.state = 'RESERVED' AND i.state = 'RESERVED' AND identifier LIKE $1`,
      [`${prefix}%`],
    );
    return rows[0].n;
  };
  let calls = 0;
  let oursTotal = 0;
  let limitTotal = 0;
  return {
    ground,
    ours: async (callers, one) => {
      const beganMs = performance.now();
      const endMs = beganMs + roundSeconds * 1_000;
      let done = 0;
      const caller = async () => {
        while (performance.now() < endMs) {
          const nth = ++calls;
          const numbers = await one(nth, benchTenant(1 + (nth % TENANTS)));
          done += numbers;
        }
      };
      await Promise.all(Array.from({ length: callers }, caller));
      const seconds = (performance.now() - beganMs) / 1_000;
      oursTotal += done;
      mustBe('reservations in the database', await reserved(OURS), oursTotal);
      return { done, seconds };
    },
    limit: async (callers) => {
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
  };
}
