import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** JSON of a file; undefined where there is none or a crash left half of it. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes a file so that a reader sees the old content or the new, never half. */
export function writeAtomic(file, text, mode = 0o644) {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, file);
}

export function writeJson(file, value, mode) {
  writeAtomic(file, `${JSON.stringify(value, null, 2)}\n`, mode);
}
