import { brokenInvariants, leaseMany } from '@numbering/testing';
import { EndCoolDowns } from './end-cool-downs';
import { isRefused } from './outcome';
import { OverrideQuarantine } from './override-quarantine';
import { RecallNumber } from './recall-number';
import { ReserveNumber } from './reserve-number';
import { RetireNumber } from './retire-number';
import {
  adminCaller,
  answerOf,
  as,
  openLedger,
  parsed,
  tenantCaller,
  type Ledger,
} from './testing';

const NUMBERS = 10;
const CALLERS = 8;

describe('US-NUM-006 the end of a cool-down, on the real database', () => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await openLedger();
  });
  afterAll(() => ledger.close());

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const sweep = () => ledger.module.get(EndCoolDowns).run();
  const override = (number: string, sub: string) =>
    ledger.module
      .get(OverrideQuarantine)
      .run(as(adminCaller(sub)), parsed(number), 'recalled by mistake');
  const reserve = (number: string, tenantId: string) =>
    ledger.module.get(ReserveNumber).run(as(tenantCaller(tenantId)), parsed(number));
  const cooling = async (): Promise<string[]> => {
    const numbers = await ledger.numbers(NUMBERS);
    await leaseMany(rows, 'recalled', numbers);
    const ask = { reason: 'NON_PAYMENT', actorId: 'admin-1' } as const;
    const recall = ledger.module.get(RecallNumber);
    for (const number of numbers) {
      answerOf(await recall.run(as(adminCaller()), parsed(number), ask));
    }
    return numbers;
  };
  const ended = (numbers: string[]) =>
    rows(
      `UPDATE numbering.identifiers SET available_at = clock_timestamp()
        WHERE identifier = ANY ($1) AND state = 'QUARANTINE'`,
      [numbers],
    );
  /** How often each number was told as released, and for what. */
  const releasesOf = async (numbers: string[]): Promise<string[]> => {
    const told: { reasons: string }[] = await rows(
      `SELECT string_agg(payload -> 'data' ->> 'reason', ' ') AS reasons
         FROM numbering.outbox
        WHERE topic = 'numbering.identifier.released' AND key = ANY ($1)
        GROUP BY key`,
      [numbers],
    );
    return told.map(({ reasons }) => reasons);
  };

  it('is told once, whoever comes first: the sweep, or one of many who claim', async () => {
    const numbers = await cooling();
    await ended(numbers);
    const [, , ...outcomes] = await Promise.all([
      sweep(),
      sweep(),
      ...numbers.flatMap((number, i) =>
        Array.from({ length: CALLERS }, (_, nth) => reserve(number, `claimer-${nth}-of-${i}`)),
      ),
    ]);
    expect(outcomes.filter((outcome) => !isRefused(outcome))).toHaveLength(NUMBERS);
    expect(await releasesOf(numbers)).toEqual(numbers.map(() => 'COOL_DOWN_ENDED'));
    expect(await brokenInvariants(rows, numbers)).toEqual([]);
  });

  it('is an override’s or the sweep’s, never both', async () => {
    const numbers = await cooling();
    await Promise.all([
      ...numbers.flatMap((number) =>
        ['officer-2', 'officer-3'].map((sub) => override(number, sub)),
      ),
      ended(numbers),
      sweep(),
      sweep(),
    ]);
    await sweep();
    const told = await releasesOf(numbers);
    expect(told).toHaveLength(NUMBERS);
    for (const reasons of told) expect(reasons).toMatch(/^(ADMIN_OVERRIDE|COOL_DOWN_ENDED)$/);
    const overridden = told.filter((reasons) => reasons === 'ADMIN_OVERRIDE').length;
    const [{ n }] = await rows(
      `SELECT count(*)::int AS n FROM numbering.quarantine_overrides WHERE identifier = ANY ($1)`,
      [numbers],
    );
    expect(n).toBe(overridden);
    expect(await brokenInvariants(rows, numbers)).toEqual([]);
  });

  it('retires what cools down once, and nothing brings it back', async () => {
    const numbers = await cooling();
    const retire = ledger.module.get(RetireNumber);
    const outcomes = await Promise.all(
      numbers.flatMap((number) => [
        retire.run(as(adminCaller()), parsed(number), { reason: 'given back' }),
        retire.run(as(adminCaller()), parsed(number), { reason: 'given back' }),
        override(number, 'officer-2'),
      ]),
    );
    expect(outcomes.filter(isRefused<unknown>)).not.toHaveLength(0);
    await sweep();
    const states = await rows(
      `SELECT DISTINCT state FROM numbering.identifiers WHERE identifier = ANY ($1)`,
      [numbers],
    );
    expect(states).toEqual([{ state: 'RETIRED' }]);
    const retired = await rows(
      `SELECT key FROM numbering.outbox
        WHERE topic = 'numbering.identifier.retired' AND key = ANY ($1)`,
      [numbers],
    );
    expect(retired).toHaveLength(NUMBERS);
    expect(await brokenInvariants(rows, numbers)).toEqual([]);
  });
});
