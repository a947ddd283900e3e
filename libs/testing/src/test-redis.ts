import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

/** A real Redis of a test's own: it may kill, freeze and empty it. */
export interface TestRedis {
  url: string;
  pid: number;
  /** Ends it at once, as a crash would. */
  kill: () => Promise<void>;
  /** Starts it again on the same port: empty, or with what it had kept. */
  start: () => Promise<void>;
  stop: () => Promise<void>;
}

const START_TIMEOUT_MS = 10_000;

/** @param keepsData writes what it is told to its disk and has it again after a crash, as the stack's own does */
export async function testRedis({ keepsData = false } = {}): Promise<TestRedis> {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'numbering-redis-'));
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    args.push('--maxmemory-policy', 'noeviction', '--notify-keyspace-events', 'Ex');
    args.push('--appendonly', keepsData ? 'yes' : 'no');
    child = spawn('redis-server', args, { stdio: 'ignore' });
    redis.pid = child.pid ?? 0;
    await answering(url);
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  const stop = async (): Promise<void> => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  const redis: TestRedis = { url, pid: 0, kill, start, stop };
  await start();
  return redis;
}

async function answering(url: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  const late = AbortSignal.timeout(START_TIMEOUT_MS);
  try {
    await Promise.race([
      client.ping(),
      new Promise((_, reject) => {
        late.addEventListener('abort', () => reject(new Error(`redis-server is not up on ${url}`)));
      }),
    ]);
  } finally {
    client.disconnect();
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
