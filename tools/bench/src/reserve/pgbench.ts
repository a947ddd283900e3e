import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { MissingTool } from '../benchmark';

const run = promisify(execFile);
const THREADS = 2;

/** Transactions a second of one script under pgbench, prepared, and how many it carried out. */
export async function pgbench(
  databaseUrl: string,
  script: string,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<{ transactionsPerSecond: number; transactions: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pgbench-'));
  try {
    const file = path.join(folder, 'script.sql');
    await writeFile(file, script);
    const { stdout } = await run('pgbench', [
      ...['--no-vacuum', '--protocol=prepared', `--jobs=${THREADS}`, `--file=${file}`],
      ...[`--client=${clients}`, `--time=${Math.max(1, Math.round(seconds))}`, databaseUrl],
    ]);
    const figure = (pattern: RegExp) => {
      const found = pattern.exec(stdout)?.[1];
      if (found === undefined) throw new Error(`pgbench said nothing of ${pattern}: ${stdout}`);
      return Number(found);
    };
    const failed = figure(/number of failed transactions: (\d+)/);
    if (failed > 0) throw new Error(`pgbench failed ${failed} transactions`);
    return {
      transactionsPerSecond: figure(/^tps = ([\d.]+)/m),
      transactions: figure(/number of transactions actually processed: (\d+)/),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new MissingTool(
      'pgbench is missing; it comes with the Debian package postgresql-contrib',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
