// Three sizes of test by file suffix: *.spec.ts pure, *.int-spec.ts on real servers, *.e2e-spec.ts on the whole stack.
const libs = ['contracts', 'domain', 'platform', 'persistence', 'lifecycle', 'testing'];
const common = {
  rootDir: '.',
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: false,
          },
          keepClassNames: true,
          target: 'es2023',
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  moduleNameMapper: {
    ...Object.fromEntries(
      libs.map((lib) => [`^@numbering/${lib}$`, `<rootDir>/libs/${lib}/src/index.ts`]),
    ),
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.numbering/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.numbering/', '<rootDir>/.nx/'],
};

/** How long one test may take where real servers answer. */
const serverTestTimeoutMs = 60_000;

export default {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/**/*.spec.ts'] },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/**/*.int-spec.ts'],
    },
    {
      ...common,
      displayName: 'e2e',
      testMatch: ['<rootDir>/**/*.e2e-spec.ts'],
    },
  ],
  // Jest reads it here alone, not in a project.
  testTimeout: serverTestTimeoutMs,
  maxWorkers: 2,
};
