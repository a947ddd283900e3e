import type { IdentifierClass } from '@numbering/contracts';
import { parsePattern, wantedForms } from '@numbering/domain';
import { AvailableNumbersList, type ListPosition } from '@numbering/persistence';
import { mustBe, type Benchmark, type Contest, type Measured, type Size } from '../benchmark';
import { median, percentile } from '../measure';
import { benchPool, SMALLEST_OPERATOR, type BenchPool } from './pool';

/** Ruling 40: what a page has unless it is asked for otherwise. */
const PAGE_SIZE = 50;
const SECOND_MS = 1_000;
/** Whichever comes after the other finds more of the machine warm: each does as often. */
const TURNS = ['last', 'first', 'first', 'last'] as const;
const EVERY_OPERATOR = ['AFGHAN_TELECOM', 'ATOMA', 'AWCC', 'ETISALAT', 'NATIONAL', 'ROSHAN'];

interface Browsing {
  name: string;
  title: string;
  operatorIds: readonly string[];
  identifierClass?: IdentifierClass;
  pattern?: string;
  vanityEligible?: boolean;
  /** What it lists, told to Postgres by another way. */
  isListed: string;
}

/** What issue and targets name: plain, by pattern, for few, and beside what nobody may see yet. */
const BROWSINGS: readonly Browsing[] = [
  {
    name: 'browse',
    title: 'all MSISDNs that are available',
    operatorIds: EVERY_OPERATOR,
    identifierClass: 'MSISDN',
    isListed: `identifier_class = 'MSISDN'`,
  },
  {
    name: 'browse-bank',
    title: '`BANK*`',
    operatorIds: EVERY_OPERATOR,
    pattern: 'BANK*',
    isListed: `identifier ILIKE 'bank%'`,
  },
  {
    name: 'browse-77',
    title: '`*77`',
    operatorIds: EVERY_OPERATOR,
    identifierClass: 'MSISDN',
    pattern: '*77',
    isListed: `identifier_class = 'MSISDN' AND identifier LIKE '%77'`,
  },
  {
    name: 'browse-smallest-operator',
    title: 'of the smallest operator',
    operatorIds: [SMALLEST_OPERATOR],
    isListed: `operator_id = '${SMALLEST_OPERATOR}'`,
  },
  {
    name: 'browse-vanity',
    title: 'vanity codes',
    operatorIds: EVERY_OPERATOR,
    vanityEligible: true,
    isListed: 'vanity_eligible',
  },
  {
    name: 'browse-beside-ahead',
    title: 'beside a million numbers that are not yet valid',
    operatorIds: ['ROSHAN'],
    isListed: `operator_id = 'ROSHAN'`,
  },
];

/** The last page and the first of one list, by turns. */
export const browseBenchmarks: readonly Benchmark[] = BROWSINGS.map((browsing) => ({
  name: browsing.name,
  title: `${browsing.title}, last page / first`,
  unit: 'ms p99',
  better: 'lower',
  bounds: 'ratio',
  floor: 2,
  goal: 1.2,
  open: (size) => openBrowse(browsing, size),
}));

interface Page {
  after: ListPosition | undefined;
  identifiers: string;
  isLast: boolean;
}

async function openBrowse(browsing: Browsing, { short, roundSeconds }: Size): Promise<Contest> {
  const pool = await benchPool(short);
  const { pages, listed } = await pagesOf(pool, browsing);
  const tookMs = { first: [] as number[], last: [] as number[] };
  const ask = pageBy(pool, browsing);
  const timed = async (page: Page): Promise<number> => {
    const askedMs = performance.now();
    const { items, endedAt } = await ask(page.after);
    const took = performance.now() - askedMs;
    mustBe('a page', items.map(({ identifier }) => identifier).join(), page.identifiers);
    mustBe('the end of the list', endedAt === null, page.isLast);
    return took;
  };
  /** Last and first by turns, page by page: what else the machine does then hits both alike. */
  const round = async () => {
    const [beganMs, beganCpu] = [performance.now(), process.cpuUsage()];
    const took = { first: [] as number[], last: [] as number[] };
    while (performance.now() < beganMs + 2 * roundSeconds * SECOND_MS) {
      for (const which of TURNS) took[which].push(await timed(pages[which]));
    }
    tookMs.first.push(...took.first);
    tookMs.last.push(...took.last);
    const { user, system } = process.cpuUsage(beganCpu);
    return { took, cpuPerOp: (user + system) / (2 * took.first.length) };
  };
  let pair: ReturnType<typeof round> | undefined;
  /** Both sides of a pair are of one round. */
  const side = async (which: 'first' | 'last'): Promise<Measured> => {
    const own = pair ?? round();
    pair = pair ? undefined : own;
    const { took, cpuPerOp } = await own;
    return { value: percentile(took[which], 0.99), cpuPerOp };
  };
  return {
    ours: () => side('last'),
    limit: () => side('first'),
    seen: () => ({
      listed,
      firstMedianMs: median(tookMs.first).toFixed(2),
      lastMedianMs: median(tookMs.last).toFixed(2),
    }),
  };
}

function pageBy({ source }: BenchPool, browsing: Browsing) {
  const list = new AvailableNumbersList();
  const { identifierClass, operatorIds, vanityEligible, pattern } = browsing;
  const parsed = pattern === undefined ? undefined : parsePattern(pattern);
  const forms = wantedForms({ identifierClass, pattern: parsed });
  return (after: ListPosition | undefined) =>
    list.page(source.manager, { forms, operatorIds, vanityEligible }, PAGE_SIZE, after);
}

/** Both pages, read from the whole list in its order. */
async function pagesOf({ database }: BenchPool, { isListed }: Browsing) {
  const { rows } = await database.query(
    `SELECT identifier, identifier_class, coalesce(alpha_key, identifier) AS normal_form
       FROM numbering.identifiers
      WHERE state = 'AVAILABLE' AND valid_from IS NULL AND (${isListed})
      ORDER BY identifier_class, coalesce(alpha_key, identifier) COLLATE "C"`,
  );
  const page = (from: number): Page => {
    const before = rows[from - 1];
    return {
      after: before && [before.identifier_class, before.normal_form],
      identifiers: rows
        .slice(from, from + PAGE_SIZE)
        .map(({ identifier }) => identifier)
        .join(),
      isLast: from + PAGE_SIZE >= rows.length,
    };
  };
  const pages = { first: page(0), last: page(Math.max(0, rows.length - PAGE_SIZE)) };
  return { pages, listed: rows.length };
}
