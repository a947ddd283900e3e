import type { BlockError } from '@numbering/persistence';
import { csvLine } from '../../http/csv';

/**
 * Rows read and sent at a time: a file of a million refusals needs no more memory than one of a
 * thousand.
 */
export const ERROR_ROWS_AT_A_TIME = 1_000;

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
    yield rows.map(({ row, value, code }) => csvLine([`${row}`, value, code])).join('');
    afterRow = last.row;
  }
}
