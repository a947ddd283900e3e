import type { BlockError } from '@numbering/persistence';

/**
 * Rows read and sent at a time: a file of a million refusals needs no more memory than one of a
 * thousand.
 */
export const ERROR_ROWS_AT_A_TIME = 1_000;

const NUMBER = /^\+?[0-9]+$/;
/** How a spreadsheet would read a formula; `+` and digits alone are a number. */
const FORMULA_START = /^[=+\-@\t\r\n]/;
const NEEDS_QUOTES = /[",\r\n]/;

/** `row,value,code` in pieces, the header first. */
export async function* csvOfErrors(
  read: (afterRow: number, limit: number) => Promise<BlockError[]>,
): AsyncGenerator<string> {
  yield 'row,value,code\r\n';
  let afterRow = 0;
  for (;;) {
    const rows = await read(afterRow, ERROR_ROWS_AT_A_TIME);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ row, value, code }) => `${row},${field(value)},${code}\r\n`).join('');
    afterRow = last.row;
  }
}

/** What stood in the file, as text: never a formula (the value is whatever somebody sent). */
function field(value: string): string {
  const inert = FORMULA_START.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
