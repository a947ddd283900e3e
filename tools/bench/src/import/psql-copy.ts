import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MissingTool } from '../benchmark';
import { msisdn, OPERATOR_PREFIX } from './operator-file';
import { writeLines } from './write-lines';

const run = promisify(execFile);
const COLUMNS =
  'identifier, identifier_class, operator_id, block_prefix, originating_block_id, changed_at';

/** So many good rows of a file as the ledger's table has them. */
export function writeTableFile(file: string, blockId: string, rows: number): Promise<void> {
  const rest = `MSISDN,ROSHAN,${OPERATOR_PREFIX},${blockId},${new Date().toISOString()}`;
  return writeLines(file, linesOf(rows, rest));
}

function* linesOf(rows: number, rest: string): Generator<string> {
  for (let nth = 0; nth < rows; nth++) yield `${msisdn(nth)},${rest}`;
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
