import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const LINES_A_WRITE = 10_000;

/** Writes a file of any length, a piece at a time. */
export const writeLines = (file: string, lines: Iterable<string>): Promise<void> =>
  pipeline(Readable.from(pieces(lines)), createWriteStream(file));

function* pieces(lines: Iterable<string>): Generator<string> {
  let piece: string[] = [];
  for (const line of lines) {
    if (piece.push(line) < LINES_A_WRITE) continue;
    yield `${piece.join('\n')}\n`;
    piece = [];
  }
  if (piece.length > 0) yield `${piece.join('\n')}\n`;
}
