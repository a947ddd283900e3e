import type { IdentifierClass } from '@numbering/contracts';
import { alphaMatchKey, parsePattern, wantedForms } from '@numbering/domain';
import { random } from '@numbering/testing';
import type { DataSource } from 'typeorm';
import { classOf, testPool, type PoolNumber, type TestPool } from './available-numbers.fixture';
import {
  AvailableNumbersList,
  MAX_ROWS_LOOKED_AT,
  type ListPosition,
} from './available-numbers.query';

jest.setTimeout(120_000);

interface Ask {
  identifierClass?: IdentifierClass;
  prefix?: string;
  pattern?: string;
  vanity?: boolean;
  operatorIds: readonly string[];
}

const OPERATORS = ['AWCC', 'ETISALAT', 'NATIONAL', 'ROSHAN'];
const list = new AvailableNumbersList();

const pageOf = (
  { manager }: Pick<DataSource, 'manager'>,
  ask: Ask,
  limit: number,
  after?: ListPosition,
) => {
  const { pattern, vanity, operatorIds } = ask;
  const parsed = pattern === undefined ? undefined : parsePattern(pattern);
  const filter = {
    forms: wantedForms({ ...ask, pattern: parsed }),
    operatorIds,
    vanityEligible: vanity,
  };
  return list.page(manager, filter, limit, after);
};

/** From page to page to the end. */
async function walk(pool: TestPool, ask: Ask, limit: number) {
  const identifiers: string[] = [];
  let after: ListPosition | undefined;
  for (let pages = 1; ; pages++) {
    const { items, endedAt } = await pageOf(pool.source, ask, limit, after);
    expect(items.length).toBeLessThanOrEqual(limit);
    identifiers.push(...items.map(({ identifier }) => identifier));
    if (endedAt === null) return { identifiers, pages };
    after = endedAt;
  }
}

const normalForm = (identifier: string) =>
  classOf(identifier) === 'ALPHA' ? alphaMatchKey(identifier) : identifier;
const byClassAndForm = (a: PoolNumber, b: PoolNumber) => {
  const key = ({ identifier }: PoolNumber) => `${classOf(identifier)} ${normalForm(identifier)}`;
  return key(a) < key(b) ? -1 : 1;
};

/** What ruling 40 says of one number, told by another way than the list finds it. */
function isListed(number: PoolNumber, ask: Ask): boolean {
  const form = normalForm(number.identifier);
  const begun = (text: string) => {
    if (classOf(number.identifier) === 'ALPHA') return alphaMatchKey(text);
    return classOf(number.identifier) === 'MSISDN' ? text.replace(/^(?!\+)/, '+') : text;
  };
  const { pattern } = ask;
  const open = (text: string) => pattern?.startsWith('*') !== true && begun(text);
  const text = pattern?.replaceAll('*', '') ?? '';
  const literal = (open(text) || alphaMatchKey(text)).replaceAll(/[.+]/g, '\\$&');
  const before = pattern === undefined || pattern.startsWith('*') ? '.*' : '';
  const behind = pattern === undefined || pattern.endsWith('*') ? '.*' : '';
  return (
    (number.state ?? 'AVAILABLE') === 'AVAILABLE' &&
    (number.validInSeconds ?? -1) < 0 &&
    (ask.identifierClass ?? classOf(number.identifier)) === classOf(number.identifier) &&
    (ask.vanity ?? number.vanityEligible ?? false) === (number.vanityEligible ?? false) &&
    ask.operatorIds.includes(number.operatorId ?? '') &&
    form.startsWith(ask.prefix === undefined ? '' : begun(ask.prefix)) &&
    (pattern === undefined || new RegExp(`^${before}${literal}${behind}$`).test(form))
  );
}

describe('browsing the pool', () => {
  describe('any filters together, in pages of any size', () => {
    const pick = random(14);
    const one = <T>(of: readonly T[]): T => of[pick(of.length)] as T;
    const NAMES = ['Bank', 'BANKING', 'My Bank', 'b_nk', 'Ba.nk', 'Zebra', 'Änk', '4ever', 'b-a_n'];
    const STATES = ['AVAILABLE', 'AVAILABLE', 'AVAILABLE', 'RESERVED', 'HELD', 'LEASED', 'RETIRED'];
    const numbers: PoolNumber[] = [];
    let pool: TestPool;

    beforeAll(async () => {
      pool = await testPool();
      const digits = (count: number) => String(pick(10 ** count)).padStart(count, '0');
      const names = new Map<string, string>();
      for (let nth = 0; nth < 300; nth++) {
        names.set(`+93${one(['79', '70', '73'])}${one(['000', '777'])}${digits(4)}`, 'MSISDN');
        names.set(digits(one([3, 4, 5])), 'SHORT_CODE');
      }
      for (const name of NAMES) for (let nth = 0; nth < 12; nth++) names.set(`${name}${nth}`, name);
      for (const identifier of names.keys()) {
        numbers.push({
          identifier,
          operatorId: one(OPERATORS),
          vanityEligible: pick(4) === 0,
          state: one(STATES),
          validInSeconds: one([undefined, undefined, -60, 3_600]),
        });
      }
      await pool.add(numbers);
    });
    afterAll(() => pool.close());

    const maybe = <T>(of: readonly T[]): T | undefined => (pick(2) === 0 ? one(of) : undefined);
    const anyAsk = (): Ask => ({
      identifierClass: maybe(['MSISDN', 'SHORT_CODE', 'ALPHA']),
      prefix: maybe(['+9379', '9379', '+', 'ba', 'BANK', 'My B', '4', '1', 'ä', 'b_', 'x']),
      pattern: maybe([
        'BANK*',
        '*77',
        '*7',
        '*nk1',
        '*0',
        '*ank*',
        '*7*',
        'b_*',
        '*_*',
        '+93790*',
        '*1',
        'bank1',
      ]),
      vanity: maybe([true, false]),
      operatorIds: OPERATORS.filter(() => pick(3) > 0),
    });

    it('lists all that they let through, each once, in order', async () => {
      let found = 0;
      for (let round = 0; round < 250; round++) {
        const ask = anyAsk();
        const wanted = numbers.filter((number) => isListed(number, ask)).toSorted(byClassAndForm);
        const { identifiers } = await walk(pool, ask, one([1, 7, 50, 200]));
        expect({ ask, identifiers }).toEqual({ ask, identifiers: wanted.map(nameOf) });
        found += identifiers.length;
      }
      expect(found).toBeGreaterThan(1_000);
    });
  });

  describe('of many numbers', () => {
    const COUNT = 30_000;
    let pool: TestPool;

    beforeAll(async () => {
      pool = await testPool();
      await pool.addMany({ prefix: '+9379', operatorId: 'ROSHAN', count: COUNT });
      // Beside them, in the middle of their order: numbers that nobody may see yet.
      const ahead = `clock_timestamp() + interval '1 day', false`;
      await pool.addMany({
        prefix: '+9379',
        operatorId: 'ROSHAN',
        from: COUNT,
        count: COUNT,
        more: ahead,
      });
      await pool.addMany({ prefix: '+9379', operatorId: 'ROSHAN', from: 9_000_000, count: 300 });
      await pool.addMany({ prefix: '+9376', operatorId: 'ATOMA', count: 300 });
      await pool.add(
        Array.from({ length: 300 }, (_, nth) => ({
          identifier: `+937810${String(nth).padStart(5, '0')}`,
          operatorId: 'ETISALAT',
          vanityEligible: true,
        })),
      );
      await pool.add(
        Array.from({ length: 9_000 }, (_, nth) => ({
          identifier: `Bank${String(nth).padStart(5, '0')}`,
          operatorId: 'NATIONAL',
        })),
      );
      await pool.owner.query('ANALYZE');
    });
    afterAll(() => pool.close());

    interface RowsRead {
      seq: number;
      idx: number;
    }
    /** How many rows of the ledger a page reads, without an index and by one. */
    const rowsRead = (ask: Ask, limit: number, after?: ListPosition) =>
      pool.source.transaction(async (manager) => {
        const readSoFar = async (): Promise<RowsRead> => {
          const [read] = await manager.query(
            `SELECT seq_tup_read::integer AS seq, idx_tup_fetch::integer AS idx
               FROM pg_stat_xact_user_tables
              WHERE relid = 'numbering.identifiers'::regclass`,
          );
          return read;
        };
        const before = await readSoFar();
        const page = await pageOf({ manager }, ask, limit, after);
        const { seq, idx } = await readSoFar();
        return { ...page, read: { seq: seq - before.seq, idx: idx - before.idx } };
      });

    const LIMIT = 50;
    const ALL = ['ATOMA', 'AWCC', 'ETISALAT', 'NATIONAL', 'ROSHAN'];
    it.each<[what: string, ask: Ask, last: ListPosition]>([
      ['everything', { operatorIds: ALL }, ['MSISDN', '+93799000250']],
      ['BANK*', { operatorIds: ALL, pattern: 'BANK*' }, ['ALPHA', 'bank08950']],
      ['*77', { operatorIds: ALL, pattern: '*77' }, ['MSISDN', '+93790025077']],
      ['*77 of one', { operatorIds: ['ROSHAN'], pattern: '*77' }, ['MSISDN', '+93790025077']],
      ['the smallest operator', { operatorIds: ['ATOMA'] }, ['MSISDN', '+93760000250']],
      ['vanity', { operatorIds: ALL, vanity: true }, ['MSISDN', '+93781000250']],
      ['behind what is ahead', { operatorIds: ['ROSHAN'] }, ['MSISDN', '+93790029999']],
    ])('a page of %s reads what it lists, the last like the first', async (_what, ask, last) => {
      // Often enough that the plan which is kept serves it.
      for (let nth = 0; nth < 8; nth++) {
        const pools = ask.operatorIds.length * 2;
        for (const after of [undefined, last]) {
          const { items, read } = await rowsRead(ask, LIMIT, after);
          expect(items.length).toBeGreaterThan(0);
          expect(read.seq).toBe(0);
          expect(read.idx).toBeLessThanOrEqual(pools * (LIMIT + 1));
        }
      }
    });

    it('a text within the number is looked for piece by piece, and missed nowhere', async () => {
      const ask: Ask = { operatorIds: ALL, identifierClass: 'MSISDN', pattern: '*2345*' };
      const { identifiers, pages } = await walk(pool, ask, LIMIT);
      const wanted = Array.from({ length: COUNT }, (_, nth) => `+9379${`${nth}`.padStart(7, '0')}`);
      expect(identifiers).toEqual(wanted.filter((each) => each.includes('2345')));
      expect(pages).toBe(Math.ceil(COUNT / MAX_ROWS_LOOKED_AT) + 1);
      const { read } = await rowsRead(ask, LIMIT);
      expect(read.idx).toBeLessThanOrEqual(ALL.length * 2 * MAX_ROWS_LOOKED_AT);
    });
  });
});

const nameOf = ({ identifier }: PoolNumber): string => identifier;
