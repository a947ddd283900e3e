import { isRefused, ReserveNumber, ReserveNumbers } from '@numbering/lifecycle';
import { mustBe, WrongAnswer, type Benchmark, type Contest, type Size } from '../benchmark';
import { numberOf } from '../number-of';
import { benchTenant, openGround, TENANTS } from './ground';
import { callerOf, reserveAs } from './reserve-as';

const BULK = '+9379';
const SINGLE = '+9372';
const NUMBERS_A_CALL = 100;
const CALLERS = 16;
/** More than can be reserved in a second on any machine this is meant for. */
const NUMBERS_A_SECOND = 40_000;

/** Numbers a second that callers get by the hundred, beside as many callers who get them one by one. */
export const reserveInBulk: Benchmark = {
  name: 'reserve-bulk',
  title: 'by the hundred / one by one',
  ...{ unit: 'numbers/s', better: 'higher', bounds: 'ratio', floor: 3, goal: 3 },
  open: openBulk,
};

async function openBulk(
  { roundSeconds, rounds }: Size,
  resources: AsyncDisposableStack,
): Promise<Contest> {
  const count = roundSeconds * rounds * NUMBERS_A_SECOND;
  const ground = await openGround(resources, [BULK, SINGLE], count);
  const one = ground.lifecycle.get(ReserveNumber);
  const many = ground.lifecycle.get(ReserveNumbers);
  let calls = 0;
  const taken = { [BULK]: 0, [SINGLE]: 0 };

  const freeAll = () =>
    ground.database.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE state = 'RESERVED'`,
    );
  async function round(prefix: typeof BULK | typeof SINGLE, step: number, call: CallOf) {
    const [beganMs, before] = [performance.now(), taken[prefix]];
    const endMs = beganMs + roundSeconds * 1_000;
    const caller = async () => {
      while (performance.now() < endMs) {
        const from = taken[prefix];
        taken[prefix] += step;
        const numbers = Array.from({ length: step }, (_, i) => numberOf(prefix, from + i + 1));
        await call(benchTenant(1 + (++calls % TENANTS)), numbers);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    const seconds = (performance.now() - beganMs) / 1_000;
    const { rows } = await ground.database.query(
      `SELECT count(*)::integer AS n FROM numbering.leases WHERE identifier LIKE $1`,
      [`${prefix}%`],
    );
    mustBe(`reservations of ${prefix} in the database`, rows[0].n, taken[prefix]);
    await freeAll(); // Else the tenants' quotas would end the game.
    return { value: (taken[prefix] - before) / seconds };
  }

  return {
    ours: () =>
      round(BULK, NUMBERS_A_CALL, async (tenantId, identifiers) => {
        const outcome = await many.run(callerOf(tenantId), { identifiers, atomic: false });
        if (isRefused(outcome)) throw new WrongAnswer(`a call for many: ${outcome.refusal.code}`);
        const items = outcome.answer.items.filter(({ status }) => status === 'reserved');
        mustBe('numbers of a call', items.length, NUMBERS_A_CALL);
      }),
    limit: () =>
      round(SINGLE, 1, async (tenantId, [number = '']) => {
        const outcome = await reserveAs(one, tenantId, number);
        if (isRefused(outcome)) throw new WrongAnswer(`${number}: ${outcome.refusal.code}`);
      }),
  };
}

type CallOf = (tenantId: string, numbers: readonly string[]) => Promise<void>;
