import { mkdirSync } from 'node:fs';
import { askCommand } from '../base/commands.mjs';
import { StackFailure } from '../base/failure.mjs';
import { writeAtomic } from '../base/files.mjs';
import { readyOrDead } from '../base/processes.mjs';
import { waitFor } from '../base/wait.mjs';
import { installPackages } from '../setup/system-packages.mjs';

const defaultPort = 6379;
const readyLimitMs = 30_000;
const givenLimitMs = 20_000;
const stopTimeoutMs = 10_000;
const commandTimeoutMs = 2_000;

// BullMQ loses jobs where Redis evicts; `Ex` announces the keys whose time is over.
const settings = ({ port, folder }) => `bind 127.0.0.1
port ${port}
dir "${folder}"
daemonize no
protected-mode yes
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
notify-keyspace-events Ex
`;

/** Redis of the stack: the given one, else a server of its own, its data in the home. */
export async function startRedis(context) {
  const { REDIS_URL, REDIS_CLUSTER_NODES } = process.env;
  const given =
    REDIS_URL || (REDIS_CLUSTER_NODES && `redis://${REDIS_CLUSTER_NODES.split(',')[0]}`);
  if (given) {
    const name = REDIS_URL ? 'REDIS_URL' : 'REDIS_CLUSTER_NODES';
    const what = `The Redis of ${name} did not answer`;
    await waitFor(() => probe(given), { what, limitMs: givenLimitMs, signal: context.signal });
    return { url: given };
  }
  return startOwn(context);
}

async function startOwn(context) {
  const { home, processes, takePort, signal } = context;
  if (!(await askCommand('redis-server', ['--version']))) {
    await installPackages({ packages: ['redis-server'], purpose: 'Redis', context });
  }
  const folder = home.at('redis');
  mkdirSync(folder, { recursive: true });
  const port = await takePort(defaultPort);
  writeAtomic(home.at('redis/redis.conf'), settings({ port, folder }));
  const handle = processes.launch({
    name: 'redis',
    stage: 'store',
    command: 'redis-server',
    args: [home.at('redis/redis.conf')],
    stopTimeoutMs,
  });
  const url = `redis://127.0.0.1:${port}`;
  await readyOrDead(handle, signal, (either) =>
    waitFor(() => probe(url), {
      ...{ what: `Redis did not answer on ${url}`, limitMs: readyLimitMs },
      ...{ signal: either, logFile: handle.logFile },
    }),
  );
  return { url, pid: handle.pid };
}

async function probe(url) {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: commandTimeoutMs,
    commandTimeout: commandTimeoutMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // The error of the connection comes by the command too; unheard it would end this process.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    if ((await redis.ping()) !== 'PONG') throw new StackFailure('Redis does not answer PING');
  } finally {
    redis.disconnect();
  }
}
