import { setImmediate } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import {
  commonPrefix,
  invalidCsv,
  isRefusal,
  readHeader,
  readRow,
  type BlockColumns,
  type BlockRow,
  type BlockRules,
  type Refusal,
} from '@numbering/domain';
import { CsvError, parse, type Parser } from 'csv-parse';

/**
 * No record of a block is longer, whatever somebody wrote into a field; a quote that is never closed
 * would else swallow the file.
 */
const MAX_RECORD_BYTES = 64 * 1024;

/**
 * What is parsed before others have their turn: some 300 rows, well below a millisecond. A request
 * is a dozen statements, and each of their answers may wait that long.
 */
const SLICE_BYTES = 4 * 1024;

/** The file as a whole is not one (ruling 7). */
export class FileRefused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
    this.name = 'FileRefused';
  }
}

/** A block's file while it is read, and what of it is known once all rows were. */
export class BlockFile {
  /** Data rows so far, and how many of them are valid. */
  rows = 0;
  validRows = 0;
  /** Of the valid numbers. */
  commonPrefix: string | undefined;
  private columns: BlockColumns | undefined;

  constructor(private readonly rules: BlockRules) {}

  /**
   * The data rows in order, the first is row 1, as many at a time as a slice of the file has. UTF-8
   * with or without BOM, LF or CRLF, quoted or bare fields.
   * @throws FileRefused
   */
  async *read(pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly BlockRow[]> {
    const records: string[][] = [];
    const parser = parserInto(records);
    const text = new TextDecoder('utf-8', { fatal: true });
    for await (const piece of pieces) {
      decoded(text, piece, true);
      for (let at = 0; at < piece.length; at += SLICE_BYTES) {
        await fed(parser, piece.subarray(at, at + SLICE_BYTES));
        yield this.taken(records);
        await setImmediate();
      }
    }
    decoded(text, new Uint8Array(), false);
    await fed(parser, undefined);
    yield this.taken(records);
    if (!this.columns) throw new FileRefused(invalidCsv('The file has no header'));
  }

  private taken(records: string[][]): readonly BlockRow[] {
    if (records.length === 0) return [];
    const columns = (this.columns ??= headerOf(records.shift() ?? []));
    const rows = records.map((fields) => readRow(fields, columns, this.rules));
    records.length = 0;
    this.rows += rows.length;
    for (const row of rows) {
      if (row.code !== undefined) continue;
      this.validRows++;
      this.commonPrefix = commonPrefix(this.commonPrefix, row.identifier);
    }
    return rows;
  }
}

/** A record is an event and not an item of an iterator: a quarter of the time for a million. */
function parserInto(records: string[][]): Parser {
  const parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  parser.on('data', (fields: string[]) => records.push(fields));
  // `fed` tells of it.
  parser.on('error', () => undefined);
  return parser;
}

/** Resolves once all records of the piece are there; without a piece, those that the end closes. */
function fed(parser: Parser, piece: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => {
      if (!error) resolve();
      else reject(error instanceof CsvError ? new FileRefused(invalidCsv(error.message)) : error);
    };
    if (piece) parser.write(piece, done);
    else parser.once('error', done).once('end', done).end();
  });
}

/** The parser would put a replacement character for what is no UTF-8. */
function decoded(text: TextDecoder, piece: Uint8Array, stream: boolean): void {
  try {
    text.decode(piece, { stream });
  } catch {
    throw new FileRefused(invalidCsv('The file is not UTF-8'));
  }
}

function headerOf(fields: readonly string[]): BlockColumns {
  const columns = readHeader(fields);
  if (isRefusal(columns)) throw new FileRefused(columns);
  return columns;
}
