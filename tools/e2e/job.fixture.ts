import { spawn } from 'node:child_process';
import path from 'node:path';

export interface JobRun {
  code: number | null;
  /** What it printed, where it printed its line. */
  line?: { job: string; scanned: number; changed: number; failed: number; durationMs: number };
}

/** A job by hand, as an operator runs it, to its end. */
export async function runJob(job: string, environment: Record<string, string> = {}) {
  const home = path.dirname(process.env.STACK_JSON ?? '');
  const child = spawn(process.execPath, ['dist/tools/cli/main.js', 'job', job], {
    env: { ...process.env, NUMBERING_HOME: home, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const run: JobRun = stdout === '' ? { code } : { code, line: JSON.parse(stdout) };
  return run;
}
