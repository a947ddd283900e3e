import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
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
import { CsvError, parse } from 'csv-parse';

/** What is fed to the parser at a time, so that a large file is read as a stream. */
const CHUNK_BYTES = 64 * 1024;
/** No field of a block is longer; a quote that is never closed would else swallow the file. */
const MAX_RECORD_BYTES = 4_096;

/** The file as a whole is not one (ruling 7). */
export class FileRefused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
    this.name = 'FileRefused';
  }
}

export interface BlockFile {
  /** The data rows in order, the first is row 1. @throws FileRefused */
  rows: AsyncIterable<BlockRow>;
  /** Of the valid numbers, once all rows were read. */
  commonPrefix: () => string | undefined;
}

/** Reads a verified file: UTF-8 with or without BOM, LF or CRLF, quoted or bare fields. */
export function readBlockFile(bytes: Buffer, rules: BlockRules): BlockFile {
  let common: string | undefined;
  return {
    rows: rowsOf(bytes, rules, (identifier) => {
      common = commonPrefix(common, identifier);
    }),
    commonPrefix: () => common,
  };
}

async function* rowsOf(
  bytes: Buffer,
  rules: BlockRules,
  valid: (identifier: string) => void,
): AsyncGenerator<BlockRow> {
  if (!isUtf8(bytes)) throw new FileRefused(invalidCsv('The file is not UTF-8'));
  const parser = Readable.from(chunks(bytes)).pipe(
    parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_BYTES,
    }),
  );
  let columns: BlockColumns | undefined;
  try {
    for await (const fields of parser as AsyncIterable<string[]>) {
      if (!columns) {
        columns = headerOf(fields);
        continue;
      }
      const row = readRow(fields, columns, rules);
      if (row.identifier !== undefined) valid(row.identifier);
      yield row;
    }
  } catch (error) {
    if (error instanceof CsvError) throw new FileRefused(invalidCsv(error.message));
    throw error;
  }
  if (!columns) throw new FileRefused(invalidCsv('The file has no header'));
}

function headerOf(fields: readonly string[]): BlockColumns {
  const columns = readHeader(fields);
  if (isRefusal(columns)) throw new FileRefused(columns);
  return columns;
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}
