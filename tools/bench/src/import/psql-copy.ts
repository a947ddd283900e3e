import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { MissingTool } from '../benchmark';
import { msisdn, OPERATOR_PREFIX } from './operator-file';

const run = promisify(execFile);
const ROWS_A_WRITE = 10_000;
const COLUMNS =
  'identifier, identifier_class, operator_id, block_prefix, originating_block_id, changed_at';

/** The good rows of a file as the ledger's table has them. */
export async function writeTableFile(
  path: string,
  blockId: string,
  from: number,
  rows: number,
): Promise<void> {
  const out = createWriteStream(path);
  const changedAt = new Date().toISOString();
  const rest = `MSISDN,ROSHAN,${OPERATOR_PREFIX},${blockId},${changedAt}`;
  for (let begin = 0; begin < rows; begin += ROWS_A_WRITE) {
    const length = Math.min(ROWS_A_WRITE, rows - begin);
    const lines = Array.from({ length }, (_, nth) => `${msisdn(from + begin + nth)},${rest}\n`);
    if (!out.write(lines.join(''))) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}

/** Seconds that psql takes for them, into the ledger's own table with its indexes. */
export async function psqlCopy(databaseUrl: string, path: string): Promise<number> {
  const beganMs = performance.now();
  const command = `\\copy numbering.identifiers (${COLUMNS}) FROM '${path}' WITH (FORMAT csv)`;
  try {
    await run('psql', [
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      '-c',
      command,
      databaseUrl,
    ]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new MissingTool('psql is missing; it comes with the Debian package postgresql-client');
  }
  return (performance.now() - beganMs) / 1_000;
}
