import { parsePattern, wantedForms } from '@numbering/domain';
import { AvailableNumbersList, type ListPosition } from '@numbering/persistence';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import { ListValidNumbers } from './list-valid-numbers';
import { answerOf, as, openLedger, parsed, tenantCaller, type Ledger } from './testing';

const NUMBERS = 200;
const CLAIMERS = 8;
const PAGE = 7;
const WALKS = 2;

describe('US-NUM-014 browsing beside changes, on the real database', () => {
  let ledger: Ledger;
  const list = new AvailableNumbersList();
  beforeAll(async () => {
    ledger = await openLedger();
  });
  afterAll(() => ledger.close());

  async function walk(pattern?: string): Promise<string[]> {
    const parsedPattern = pattern === undefined ? undefined : parsePattern(pattern);
    const filter = {
      forms: wantedForms({ pattern: parsedPattern }),
      operatorIds: ['AWCC', 'ROSHAN'],
    };
    const seen: string[] = [];
    let after: ListPosition | undefined;
    for (;;) {
      const page = await list.page(ledger.source.manager, filter, PAGE, after);
      seen.push(...page.items.map(({ identifier }) => identifier));
      if (page.endedAt === null) return seen;
      after = page.endedAt;
    }
  }

  it('lists nothing twice and skips nothing that stayed, however others come and go', async () => {
    const numbers = await ledger.numbers(NUMBERS);
    const staying = numbers.filter((_, nth) => nth % 2 === 0);
    const moving = numbers.filter((_, nth) => nth % 2 === 1);
    let isWalking = true;
    let moves = 0;
    const comeAndGo = async (nth: number) => {
      const caller = as(tenantCaller(`claimer-${nth}`));
      for (let turn = nth; isWalking; turn += CLAIMERS) {
        const number = parsed(moving[turn % moving.length] ?? '');
        answerOf(await ledger.module.get(ReserveNumber).run(caller, number, undefined));
        answerOf(await ledger.module.get(ReleaseNumber).run(caller, number, undefined));
        moves++;
      }
    };
    const coming = Array.from({ length: CLAIMERS }, (_, nth) => comeAndGo(nth));
    const kept = new Set(staying);
    const endings = staying.filter((each) => each.endsWith('4'));
    for (let nth = 0; nth < WALKS; nth++) {
      for (const [pattern, wanted] of [
        [undefined, staying],
        ['*4', endings],
        ['+9379*', staying],
      ] as const) {
        const seen = await walk(pattern);
        expect(seen).toEqual([...new Set(seen)].toSorted());
        expect(seen.filter((each) => kept.has(each))).toEqual(wanted);
      }
    }
    isWalking = false;
    await Promise.all(coming);
    expect(moves).toBeGreaterThan(WALKS);
  });

  it('lists a number from its validFrom on, once, whichever worker finds it', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    const [number = '', later = ''] = await ledger.numbers(2, { validFrom: ahead });
    const sweep = () => ledger.module.get(ListValidNumbers).run();
    expect(await sweep()).toMatchObject({ changed: 0 });
    const comes = (identifier: string, when: string) =>
      ledger.source.query(
        `UPDATE numbering.identifiers SET valid_from = clock_timestamp() + $2::interval
          WHERE identifier = $1`,
        [identifier, when],
      );
    await comes(number, '-1 second');
    const runs = await Promise.all([sweep(), sweep(), sweep()]);
    expect(runs.reduce((sum, { changed }) => sum + changed, 0)).toBe(1);
    expect(await walk(number)).toEqual([number]);
    expect(await walk(later)).toEqual([]);
    // An owner moved it ahead again: the clock decides, not what was written down.
    await comes(number, '1 hour');
    expect(await walk(number)).toEqual([]);
    const [row] = await ledger.source.query(
      'SELECT version FROM numbering.identifiers WHERE identifier = $1',
      [number],
    );
    expect(row.version).toBe(1);
  });
});
