const NUMBER = /^\+?[0-9]+$/;
/** How a spreadsheet would read a formula, in its full-width forms too; `+` and digits alone are a number. */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/;
/** A semicolon parts columns where a comma parts decimals. */
const NEEDS_QUOTES = /[",;\r\n]/;

/** Text as one field of CSV (RFC 4180) and never as a formula: what stands in it is whatever somebody sent. */
export function csvField(value: string): string {
  const inert = FORMULA_START.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

export const csvLine = (fields: readonly string[]): string =>
  `${fields.map(csvField).join(',')}\r\n`;

/**
 * Whether an `Accept` header would rather have CSV than JSON: it names CSV, with no lower a weight than JSON. What
 * takes anything gets JSON.
 */
export function prefersCsv(accept: string | undefined): boolean {
  const weights = new Map(
    (accept ?? '').split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length);
      return [type, weight === undefined ? 1 : Number(weight) || 0] as const;
    }),
  );
  const csv = weights.get('text/csv') ?? 0;
  return csv > 0 && csv >= (weights.get('application/json') ?? 0);
}
