import path from 'node:path';
import { numberOf } from '../number-of';
import { writeLines } from './write-lines';

/** Of the operator that imports; it has ten million numbers behind it. */
export const OPERATOR_PREFIX = '+9379';
const NUMBERS_OF_PREFIX = 10_000_000;
/** So many rows of each file are said twice, and as many are no number of the operator's. */
export const FAULTS_OF_EACH_KIND = 100;

/** What an operator sends. */
export interface OperatorFile {
  rows: number;
  first: string;
  last: string;
  /** `msisdn`, the good rows and the faults. */
  csvPath: string;
}

export const msisdn = (nth: number): string => numberOf(OPERATOR_PREFIX, nth % NUMBERS_OF_PREFIX);

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
  await writeLines(csvPath, linesOf(from, rows));
  return { rows, first: msisdn(from), last: msisdn(from + rows - 1), csvPath };
}

function* linesOf(from: number, rows: number): Generator<string> {
  yield 'msisdn';
  const faultEvery = Math.ceil(rows / FAULTS_OF_EACH_KIND);
  for (let nth = 0; nth < rows; nth++) {
    const number = msisdn(from + nth);
    yield number;
    if (nth % faultEvery !== 0) continue;
    yield number;
    yield `+9370${number.slice(-7)}`;
  }
}
