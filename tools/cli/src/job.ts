import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { CliFailure, exitCodes } from './cli-failure.js';
import { homeFolder, readHomeJson, root } from './stack-file.js';

const workerFile = path.join(root, 'dist/apps/reservation-worker/main.js');

/**
 * Runs one job of reservation-worker to its end with the settings of the running stack; what the
 * caller's environment sets itself comes first. Its output and exit code pass through.
 *
 * @throws CliFailure 69 where neither a stack nor a DATABASE_URL says which database is meant.
 */
export async function runJob(job: string): Promise<number> {
  const settings = readHomeJson<Record<string, string>>('environment.json');
  if (!settings && !process.env.DATABASE_URL) {
    throw new CliFailure(
      exitCodes.serverAway,
      `No stack runs from ${homeFolder()} and DATABASE_URL is not set: \`npm start\` first.`,
    );
  }
  if (!existsSync(workerFile)) {
    throw new CliFailure(exitCodes.failed, 'reservation-worker is not built: `npm run build`.');
  }
  const { NODE_ENV: _none, ...environment } = { ...settings, ...process.env };
  const flags = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning'];
  const child = spawn(process.execPath, [...flags, workerFile, 'run', job], {
    env: environment,
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']),
    );
  });
}
