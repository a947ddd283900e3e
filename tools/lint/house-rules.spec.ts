import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text as textOf } from 'node:stream/consumers';

/** Starting the compiler over the whole repository takes seconds on a busy machine. */
const LINT_TIMEOUT_MS = 120_000;
jest.setTimeout(LINT_TIMEOUT_MS);

type Planted = {
  rule: string;
  what: string;
  path: string;
  /** Breaks the rule. */
  bad: string;
  /** Its clean counterpart: the same intent, as the house does it; at the same path by default. */
  good: string;
  goodPath?: string;
};
type Found = { ruleId: string | null; message: string };

const APP = 'apps/inventory-api/src/main.ts';
const VALIDATOR = 'apps/lease-validator/src/main.ts';
const DOMAIN = 'libs/domain/src/index.ts';
const CONTRACTS = 'libs/contracts/src/index.ts';
const PLATFORM = 'libs/platform/src/index.ts';
const PERSISTENCE = 'libs/persistence/src/index.ts';
const LIFECYCLE = 'libs/lifecycle/src/index.ts';
const TEST = 'libs/platform/src/request-id.spec.ts';
const TOOL = 'tools/cli/src/main.ts';

const imports = (what: string): string => `import { x } from '${what}';\nexport const y = x;\n`;
const lines = (count: number): string => '  call();\n'.repeat(count);
const aFunctionOf = (count: number): string =>
  `declare const call: () => void;\nexport function long(): void {\n${lines(count - 2)}}\n`;
const aState = "type State = 'OPEN' | 'SHUT';\n";

const PLANTED: readonly Planted[] = [
  ...['Date.now()', 'new Date()', 'performance.now()', 'process.hrtime.bigint()', 'Date()'].map(
    (reading) => ({
      rule: 'clock',
      what: reading,
      path: APP,
      bad: `export const now = ${reading};\n`,
      good: 'export const then = (ms: number): Date => new Date(ms);\n',
    }),
  ),
  {
    rule: 'clock',
    what: 'in a lib, but for the clock itself',
    path: DOMAIN,
    bad: 'export const now = Date.now();\n',
    good: 'export const now = Date.now();\n',
    goodPath: 'libs/platform/src/clock.ts',
  },
  ...['process.env', "process['env']"].map((env) => ({
    rule: 'environment',
    what: env,
    path: APP,
    bad: `export const port = ${env}.PORT;\n`,
    good: `export const port = ${env}.PORT;\n`,
    goodPath: 'libs/platform/src/config.ts',
  })),
  {
    rule: 'environment',
    what: 'env of node:process',
    path: LIFECYCLE,
    bad: "import { env } from 'node:process';\nexport const port = env.PORT;\n",
    good: "import { argv } from 'node:process';\nexport const first = argv[0];\n",
  },
  ...[
    'SELECT 1',
    'INSERT INTO leases VALUES (1)',
    'UPDATE leases SET x = 1',
    'DELETE FROM leases',
    'WITH due AS (SELECT 1) SELECT 2',
    'COPY leases FROM STDIN',
    'CREATE TABLE x ()',
    'ALTER TABLE x ADD y int',
    'DROP TABLE x',
    'SET ROLE numbering_app',
  ].map((statement) => ({
    rule: 'sql',
    what: statement,
    path: LIFECYCLE,
    bad: `export const statement = \`\n  ${statement}\`;\n`,
    good: `export const statement = \`\n  ${statement}\`;\n`,
    goodPath: PERSISTENCE,
  })),
  {
    rule: 'sql',
    what: '.query() of a text',
    path: APP,
    bad: "export const ask = (db: { query: (s: string) => void }): void => db.query('select 1');\n",
    good: "export const told = 'Select a number, then set it aside with care.';\n",
  },
  ...['@nestjs/common', 'node:crypto', '@numbering/platform', 'typeorm'].map((what) => ({
    rule: 'pure-domain',
    what,
    path: DOMAIN,
    bad: imports(what),
    good: "export { Temporal } from 'temporal-polyfill';\nexport * from '@numbering/contracts';\n",
  })),
  {
    rule: 'file-length',
    what: '401 lines',
    path: APP,
    bad: 'export {};\n'.repeat(401),
    good: 'export {};\n'.repeat(400),
  },
  {
    rule: 'function-length',
    what: '71 lines',
    path: APP,
    bad: aFunctionOf(71),
    good: aFunctionOf(70),
  },
  {
    rule: 'function-length',
    what: 'a test of 71 lines, not a suite',
    path: TEST,
    bad: `declare const call: () => void;\nit('is long', () => {\n${lines(69)}});\n`,
    good: `declare const call: () => void;\ndescribe('a suite', () => {\n${lines(69)}});\n`,
  },
  {
    rule: 'no-floating-promises',
    what: 'a promise that nobody awaits',
    path: APP,
    bad: 'declare function send(): Promise<void>;\nexport const act = (): void => {\n  send();\n};\n',
    good: 'declare function send(): Promise<void>;\nexport const act = async (): Promise<void> => {\n  await send();\n};\n',
  },
  {
    rule: 'exhaustive-switch',
    what: 'a state that is left out',
    path: DOMAIN,
    bad: `${aState}export function f(s: State): number {\n  switch (s) {\n    case 'OPEN':\n      return 1;\n  }\n  return 0;\n}\n`,
    good: `${aState}export function f(s: State): number {\n  switch (s) {\n    case 'OPEN':\n      return 1;\n    case 'SHUT':\n      return 0;\n  }\n}\n`,
  },
  {
    rule: 'no-any',
    what: 'any',
    path: APP,
    bad: 'export const x = (y: any): string => String(y);\n',
    good: 'export const x = (y: unknown): string => String(y);\n',
  },
  ...[
    '/* eslint-disable */',
    '// eslint-disable-next-line eqeqeq',
    '/* eslint eqeqeq: off */',
    '// @ts-ignore',
    '// @ts-nocheck',
  ].map((comment) => ({
    rule: 'no-inline-config',
    what: comment,
    path: APP,
    bad: `${comment}\nexport const x = 1;\n`,
    good: '// Why eslint-disable is not used here.\nexport const x = 1;\n',
  })),
  ...[
    'it.skip',
    'it.only',
    'it.todo',
    'test.skip',
    'describe.only',
    'it.skip.each([1])',
    'xit',
    'xdescribe',
    'fit',
    'fdescribe',
  ].map((call) => ({
    rule: 'no-skipped-test',
    what: call,
    path: TEST,
    bad: `${call}('a test', () => undefined);\n`,
    good: "it.each([1])('a test', () => undefined);\n",
  })),
  ...['LeaseService', 'PoolManager', 'CsvHelper', 'DateUtils'].map((name) => ({
    rule: 'names',
    what: `class ${name}`,
    path: LIFECYCLE,
    bad: `export class ${name} {}\n`,
    good: 'export class ReserveNumber {}\n',
  })),
  ...['lease.service', 'pool-manager', 'utils', 'csv-helper.spec'].map((name) => ({
    rule: 'names',
    what: `file ${name}.ts`,
    path: `libs/lifecycle/src/${name}.ts`,
    bad: 'export {};\n',
    good: 'export {};\n',
    goodPath: 'libs/lifecycle/src/utility-bill.ts',
  })),
  {
    rule: 'console',
    what: 'console.log',
    path: LIFECYCLE,
    bad: "console.log('here');\n",
    good: "console.log('here');\n",
    goodPath: TOOL,
  },
  {
    rule: 'injected-class',
    what: 'a class imported as a type',
    path: LIFECYCLE,
    bad: "import { Injectable } from '@nestjs/common';\nimport type { DataSource } from 'typeorm';\n@Injectable()\nexport class Reserve {\n  constructor(readonly source: DataSource) {}\n}\n",
    good: "import { Injectable } from '@nestjs/common';\nimport { DataSource } from 'typeorm';\nimport type { DataSourceOptions } from 'typeorm';\n@Injectable()\nexport class Reserve {\n  constructor(\n    readonly source: DataSource,\n    readonly options: DataSourceOptions,\n  ) {}\n}\n",
  },
  ...(
    [
      [CONTRACTS, '@numbering/domain', './numbering-events'],
      [DOMAIN, '@numbering/persistence', '@numbering/contracts'],
      [PLATFORM, '@numbering/contracts', './clock'],
      [PERSISTENCE, '@numbering/lifecycle', '@numbering/domain'],
      [LIFECYCLE, '@numbering/testing', '@numbering/persistence'],
      [APP, '../../pool-monitor/src/app.module', '@numbering/lifecycle'],
      [APP, '@numbering/testing', '@numbering/platform'],
      [VALIDATOR, '@numbering/lifecycle', '@numbering/persistence'],
      [TOOL, '../../../apps/inventory-api/src/app.module', '@numbering/lifecycle'],
    ] as const
  ).map(([from, bad, good]) => ({
    rule: 'module-boundaries',
    what: `${from} of ${bad}`,
    path: from,
    bad: imports(bad),
    good: imports(good),
  })),
];

/** One process for all: it loads the compiler and the graph of the projects once. */
async function lint(texts: readonly { path: string; text: string }[]): Promise<Found[][]> {
  const script = path.join(__dirname, 'lint-texts.mjs');
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(texts));
  const [answer] = await Promise.all([textOf(child.stdout), once(child, 'exit')]);
  return JSON.parse(answer) as Found[][];
}

describe('the rules of the house', () => {
  let found: { bad: Found[]; good: Found[] }[];

  beforeAll(async () => {
    const answers = await lint(
      PLANTED.flatMap(({ path: at, goodPath, bad, good }) => [
        { path: at, text: bad },
        { path: goodPath ?? at, text: good },
      ]),
    );
    found = PLANTED.map((_, n) => ({ bad: answers[2 * n] ?? [], good: answers[2 * n + 1] ?? [] }));
  });

  it.each(PLANTED.map(({ rule, what }, n) => [rule, what.trim(), n] as const))(
    '%s bites: %s',
    (rule, _what, n) => {
      const { bad, good } = found[n] as { bad: Found[]; good: Found[] };
      const bites = bad.filter(({ ruleId }) => ruleId === `house/${rule}`);
      expect(bites).not.toEqual([]);
      expect(bites.every(({ message }) => message.includes('Reason: '))).toBe(true);
      expect(good.filter(({ ruleId }) => ruleId === `house/${rule}` || ruleId === null)).toEqual(
        [],
      );
    },
  );

  it('reads all that is planted', () => {
    const fatal = found.flatMap(({ bad, good }) => [...bad, ...good]);
    expect(fatal.filter(({ message }) => message.startsWith('Parsing error'))).toEqual([]);
  });

  it('plants a violation of each rule of our own', async () => {
    const { houseRules } = (await import('./house-rules.mjs' as string)) as {
      houseRules: Record<string, unknown>;
    };
    const planted = new Set(PLANTED.map(({ rule }) => rule));
    expect(Object.keys(houseRules).filter((rule) => !planted.has(rule))).toEqual([]);
  });
});
