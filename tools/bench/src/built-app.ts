import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually, freePort } from '@numbering/testing';

const START_LIMIT_MS = 30_000;
/** What Linux counts a process' CPU time in. */
const TICKS_A_SECOND = 100;

export type BuiltAppName = 'inventory-api' | 'lease-validator' | 'reservation-worker';

/** A built app that runs as a process of its own. */
export interface BuiltApp {
  url: string;
  /** host:port; only a validator listens there. */
  grpc: string;
  pid: number;
  /** CPU seconds it has used. */
  cpuSeconds: () => number;
  stop: () => Promise<void>;
}

/**
 * Starts one on stores of a benchmark's own, without Kafka: its events wait.
 * @param resources stops it
 */
export async function startApp(
  resources: AsyncDisposableStack,
  app: BuiltAppName,
  { databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string },
  settings: Readonly<Record<string, string>> = {},
): Promise<BuiltApp> {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [path.resolve('dist/apps', app, 'main.js')], {
    env: {
      ...{ PATH: process.env.PATH, PORT: String(port), GRPC_PORT: String(grpcPort) },
      ...{ LOG_LEVEL: 'error', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl },
      ...{ BILLING_URL: 'http://127.0.0.1:1', CURSOR_SECRET: randomBytes(32).toString('hex') },
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  resources.defer(stop);
  const isReady = async () => {
    const { status } = await fetch(`${url}/health/ready`);
    if (status !== 200) throw new Error(`${app} is not ready: ${status}`);
  };
  await eventually(isReady, { withinMs: START_LIMIT_MS });
  const pid = child.pid ?? 0;
  const grpc = `127.0.0.1:${grpcPort}`;
  return { url, grpc, pid, cpuSeconds: () => cpuSecondsOf(pid), stop };
}

/** CPU seconds that a process has used, its threads included. */
export function cpuSecondsOf(pid: number | undefined): number {
  // Behind the name in brackets, which may hold spaces.
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  return (user + system) / TICKS_A_SECOND;
}
