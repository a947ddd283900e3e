import { AssertionError } from 'node:assert';

/** Rules of Redocly that ask for what these documents leave out on purpose, each with its reason. */
const LEFT_OUT = {
  // What a caller may use it for is agreed elsewhere.
  'info-license': 'off',
  'info-license-url': 'off',
  'info-license-strict': 'off',
} as const;

/**
 * What a linter has against an OpenAPI or AsyncAPI document: structure, references, examples that do
 * not fit their schema.
 */
export async function documentFaults(
  document: object,
  rules: Readonly<Record<string, 'off' | 'warn' | 'error'>> = {},
): Promise<string[]> {
  // Loaded for the few tests that need it.
  const { createConfig, lintFromString } = await import('@redocly/openapi-core');
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: { ...LEFT_OUT, ...rules },
  });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location }) => {
    const [where] = location;
    if (!where) throw new AssertionError({ message: `${ruleId} names no place: ${message}` });
    return `${ruleId}: ${message} (${where.pointer})`;
  });
}
