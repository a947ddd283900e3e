import { isRefused, ReserveNumber } from '@numbering/lifecycle';
import { mustBe, WrongAnswer, type Benchmark, type Contest, type Size } from '../benchmark';
import { percentile } from '../measure';
import { numberOf } from '../number-of';
import { benchTenant, openGround, TENANTS } from './ground';
import { reserveAs } from './reserve-as';

const CONTENDED = '+9379';
const QUIET = '+9372';
const CALLERS = TENANTS;
/** With the runs of the suite a hundred. */
const ROUNDS = 20;
const SHORT_ROUNDS = 2;

/** A thousand callers for one number at once, beside a thousand callers for as many numbers. */
export const contention: Benchmark = {
  name: 'contention',
  title: 'losers among 1,000 callers for one number / 1,000 callers for as many',
  unit: 'ms p99',
  better: 'lower',
  bounds: 'ratio',
  floor: 10,
  goal: 3,
  open: openContention,
};

async function openContention(size: Size, resources: AsyncDisposableStack): Promise<Contest> {
  const rounds = size.short ? SHORT_ROUNDS : ROUNDS;
  const count = size.rounds * rounds * CALLERS;
  const ground = await openGround(resources, [CONTENDED, QUIET], count);
  const reserve = ground.lifecycle.get(ReserveNumber);
  let contended = 0;
  let quiet = 0;

  /** All callers at once. */
  const oneRound = (numberFor: (caller: number) => string) =>
    Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        const beganMs = performance.now();
        const outcome = await reserveAs(reserve, benchTenant(caller + 1), numberFor(caller));
        return { isWinner: !isRefused(outcome), outcome, tookMs: performance.now() - beganMs };
      }),
    );
  /** Else the tenants' quotas would end the game. */
  const freeAll = () =>
    ground.database.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE state = 'RESERVED'`,
    );

  return {
    ours: async () => {
      const losersMs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const number = numberOf(CONTENDED, ++contended);
        const calls = await oneRound(() => number);
        mustBe(`winners of ${number}`, calls.filter(({ isWinner }) => isWinner).length, 1);
        const { rows } = await ground.database.query(
          `SELECT count(*)::integer AS claims FROM numbering.leases WHERE identifier = $1`,
          [number],
        );
        mustBe(`claims on ${number} in the database`, rows[0].claims, 1);
        for (const { outcome, tookMs } of calls) {
          if (!isRefused(outcome)) continue;
          mustBe(`a loser of ${number}`, outcome.refusal.code, 'INVALID_STATE');
          losersMs.push(tookMs);
        }
      }
      await freeAll();
      return { value: percentile(losersMs, 0.99) };
    },
    limit: async () => {
      const tookMs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const from = quiet;
        quiet += CALLERS;
        for (const call of await oneRound((caller) => numberOf(QUIET, from + caller + 1))) {
          if (!call.isWinner) throw new WrongAnswer('a caller alone did not win');
          tookMs.push(call.tookMs);
        }
      }
      await freeAll();
      return { value: percentile(tookMs, 0.99) };
    },
    seen: () => ({ rounds: contended, callers: CALLERS, roundsWithoutExactlyOneWinner: 0 }),
  };
}
