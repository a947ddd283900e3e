// What the house asks of its code (README, architecture), as errors that say why.
import nxPlugin from '@nx/eslint-plugin';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import tseslint from 'typescript-eslint';
import { houseRules } from './tools/lint/house-rules.mjs';
import { projectBoundaries } from './tools/lint/project-boundaries.mjs';
import { reasoned } from './tools/lint/reasoned.mjs';

const MAX_FILE_LINES = 400;

const house = {
  rules: {
    ...houseRules,
    'module-boundaries': reasoned(
      nxPlugin.rules['enforce-module-boundaries'],
      'decisions must not know servers, and libs must not know apps; what may know what is in ' +
        'tools/lint/project-boundaries.mjs.',
    ),
    'file-length': reasoned(
      builtinRules.get('max-lines'),
      'a file is about one thing; where it grows past that, there are two.',
    ),
    'no-floating-promises': reasoned(
      tseslint.plugin.rules['no-floating-promises'],
      'a failure of a promise that nobody awaits ends the process, or is lost.',
    ),
    'exhaustive-switch': reasoned(
      tseslint.plugin.rules['switch-exhaustiveness-check'],
      'a state that is added must be met by the compiler in every place that decides by state.',
    ),
    'no-any': reasoned(
      tseslint.plugin.rules['no-explicit-any'],
      'an `any` takes the types of all it touches. Say `unknown` and look.',
    ),
  },
};

const CODE = ['**/*.ts', '**/*.mjs'];
const TESTS = [
  '**/*.spec.ts',
  '**/*-spec.ts',
  '**/*.fixture.ts',
  '**/testing/**/*.ts',
  '**/testing.ts',
];

export default [
  { ignores: ['**/node_modules/', 'dist/', '.nx/', '.numbering/', 'coverage/', '**/generated/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: CODE,
    plugins: { house },
    rules: {
      'house/clock': 'error',
      'house/environment': 'error',
      'house/sql': 'error',
      'house/names': 'error',
      'house/console': 'error',
      'house/no-inline-config': 'error',
      'house/function-length': 'error',
      'house/file-length': ['error', { max: MAX_FILE_LINES }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'house/no-any': 'error',
      'house/injected-class': 'error',
      'house/no-floating-promises': 'error',
      'house/exhaustive-switch': 'error',
      'house/module-boundaries': ['error', projectBoundaries.ofCode],
    },
  },
  { files: ['libs/domain/src/**/*.ts'], rules: { 'house/pure-domain': 'error' } },
  // The one place of each.
  { files: ['libs/platform/src/clock.ts'], rules: { 'house/clock': 'off' } },
  {
    files: ['libs/platform/src/config.ts'],
    rules: { 'house/environment': 'off', 'house/console': 'off' },
  },
  { files: ['libs/persistence/src/**/*.ts'], rules: { 'house/sql': 'off' } },
  // Tools are not the service: the start has only Node itself, the command line and the simulators are processes of
  // their own whose times nobody decides by.
  {
    files: ['tools/{stack,cli,billing,identity}/**', '*.config.mjs', 'tools/lint/*.mjs'],
    rules: { 'house/clock': 'off', 'house/environment': 'off' },
  },
  { files: ['tools/**'], rules: { 'house/console': 'off' } },
  // Tools have no states of their own; what they tell apart is others', and has a default.
  {
    files: ['tools/**/*.ts'],
    rules: { 'house/exhaustive-switch': ['error', { considerDefaultExhaustiveForUnions: true }] },
  },
  // Benchmarks measure what is beneath the service: bare clocks and bare statements.
  {
    files: ['tools/bench/**'],
    rules: { 'house/clock': 'off', 'house/sql': 'off', 'house/environment': 'off' },
  },
  // Tests make the world that the code meets: servers, settings, rows and times.
  {
    files: TESTS,
    rules: {
      'house/no-skipped-test': 'error',
      'house/clock': 'off',
      'house/environment': 'off',
      'house/sql': 'off',
      'house/pure-domain': 'off',
      'house/module-boundaries': ['error', projectBoundaries.ofTests],
    },
  },
];
