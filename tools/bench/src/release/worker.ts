import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually, freePort } from '@numbering/testing';

const START_LIMIT_MS = 30_000;
const TICKS_A_SECOND = 100;

/** The built worker on stores of a benchmark's own, without Kafka: its events wait. */
export async function startWorker(databaseUrl: string, redisUrl: string) {
  const port = await freePort();
  const child = spawn(process.execPath, [path.resolve('dist/apps/reservation-worker/main.js')], {
    env: {
      ...{ PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'error' },
      ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, BILLING_URL: 'http://127.0.0.1:1' },
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await eventually(
    async () => {
      const { status } = await fetch(`http://127.0.0.1:${port}/health/ready`);
      if (status !== 200) throw new Error(`the worker is not ready: ${status}`);
    },
    { withinMs: START_LIMIT_MS },
  );
  return {
    /** CPU seconds it has used. */
    cpuSeconds: () => {
      const [, fields = ''] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ');
      const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
      return (user + system) / TICKS_A_SECOND;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
