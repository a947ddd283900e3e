import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';

/** Of the operator that imports; each has ten million numbers behind it. */
export const OPERATOR_PREFIX = '+9379';
const NUMBERS_OF_PREFIX = 10_000_000;
/** So many rows of each file are said twice, and as many are no number of the operator's. */
export const FAULTS_OF_EACH_KIND = 100;
const ROWS_A_WRITE = 10_000;

/** What an operator sends, and the same rows as a table would take them. */
export interface OperatorFile {
  rows: number;
  first: string;
  last: string;
  /** `msisdn`, the good rows and the faults. */
  csvPath: string;
}

export const msisdn = (nth: number): string =>
  `${OPERATOR_PREFIX}${String(nth % NUMBERS_OF_PREFIX).padStart(7, '0')}`;

/**
 * The `rows` numbers from the `from`th on, with rows among them that are duplicates of a row before
 * and rows of another operator's prefix.
 */
export async function writeOperatorFile(
  folder: string,
  from: number,
  rows: number,
): Promise<OperatorFile> {
  const csvPath = path.join(folder, `block-${from}-${rows}.csv`);
  const out = createWriteStream(csvPath);
  out.write('msisdn\n');
  const faultEvery = Math.ceil(rows / FAULTS_OF_EACH_KIND);
  for (let begin = 0; begin < rows; begin += ROWS_A_WRITE) {
    const lines: string[] = [];
    for (let nth = begin; nth < Math.min(begin + ROWS_A_WRITE, rows); nth++) {
      const number = msisdn(from + nth);
      lines.push(number);
      if (nth % faultEvery === 0) lines.push(number, `+9370${number.slice(-7)}`);
    }
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
  return { rows, first: msisdn(from), last: msisdn(from + rows - 1), csvPath };
}
