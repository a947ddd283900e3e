import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { eventually } from '@numbering/testing';
import { monotonicMs } from './clock.js';
import { loadConfig } from './config.js';
import type { Config } from './config.js';
import { StoreUnavailable } from './errors.js';
import { processLog } from './log.js';
import { metricsRegistry } from './metrics.js';
import { failFastRedis, patientRedis, subscriberRedis } from './redis.js';
import type { RedisClient } from './redis.js';
import { RedisGate } from './redis-gate.js';

/** The command budget, and what a busy machine adds. */
const FAST_MS = 250;

/** Not `events.once`, which rejects when an error is told before: here errors are expected. */
const next = (client: RedisClient, event: string): Promise<unknown[]> =>
  new Promise((resolve) => client.once(event, (...told: unknown[]) => resolve(told)));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A real Redis of this test alone, to be killed and frozen. */
class OwnRedis {
  private child: ChildProcess | undefined;
  constructor(readonly port: number) {}

  async start(): Promise<void> {
    const settings = ['--port', String(this.port), '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', [...settings, '--bind', '127.0.0.1'], { stdio: 'pipe' });
    this.child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`redis-server ended (${code}): ${said}`)));
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Ready to accept connections')) resolve();
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

async function failureOf(call: Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const beganMs = monotonicMs();
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, tookMs: monotonicMs() - beganMs };
}

async function valueOf(metric: string): Promise<number> {
  const text = await metricsRegistry.metrics();
  return Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1]);
}

describe('Redis clients', () => {
  let redis: OwnRedis;
  let config: Config;
  const clients: RedisClient[] = [];
  const opened = <T extends RedisClient>(client: T): T => {
    clients.push(client);
    return client;
  };
  const ready = async (client: RedisClient): Promise<void> => {
    if (client.status !== 'ready') await next(client, 'ready');
  };

  beforeEach(async () => {
    redis = new OwnRedis(await freePort());
    await redis.start();
    config = loadConfig(
      {
        DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        LOG_LEVEL: 'silent',
      },
      'pool-monitor',
    );
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    redis.signal('SIGCONT');
    await redis.kill();
  });

  it('fails fast while Redis is away, and is back by itself', async () => {
    const client = opened(failFastRedis(config));
    await ready(client);
    await client.set('a', '1');
    await redis.kill();
    const { error, tookMs } = await failureOf(client.get('a'));
    expect(error).toBeInstanceOf(Error);
    expect(tookMs).toBeLessThan(FAST_MS);
    const back = next(client, 'ready');
    await redis.start();
    await back;
    await expect(client.get('a')).resolves.toBeNull();
  });

  it('waits no longer than the budget for a frozen Redis, and gives the dead line up', async () => {
    const client = opened(failFastRedis(config));
    await ready(client);
    redis.signal('SIGSTOP');
    const { error, tookMs } = await failureOf(client.get('a'));
    expect(String(error)).toContain('Command timed out');
    expect(tookMs).toBeLessThan(FAST_MS);
    await next(client, 'close');
    const back = next(client, 'ready');
    redis.signal('SIGCONT');
    await back;
    await expect(client.get('a')).resolves.toBeNull();
  });

  it('does not run a command again whose line broke', async () => {
    const client = opened(failFastRedis(config));
    await ready(client);
    redis.signal('SIGSTOP');
    const counted = failureOf(client.incr('counted'));
    await redis.kill();
    expect((await counted).error).toBeInstanceOf(Error);
    const back = next(client, 'ready');
    await redis.start();
    await back;
    await expect(client.get('counted')).resolves.toBeNull();
  });

  it('lets a worker wait until Redis is back', async () => {
    const client = opened(patientRedis(config));
    await ready(client);
    await redis.kill();
    const answer = client.set('a', 'kept');
    await redis.start();
    await expect(answer).resolves.toBe('OK');
  });

  it('subscribes again after an outage, and after a silence', async () => {
    const subscriber = opened(subscriberRedis(config));
    const publisher = opened(patientRedis(config));
    await ready(subscriber);
    await subscriber.subscribe('news');
    for (const outage of ['killed', 'frozen'] as const) {
      const away = next(subscriber, 'close');
      if (outage === 'killed') await redis.kill();
      else redis.signal('SIGSTOP');
      await away;
      const back = next(subscriber, 'ready');
      if (outage === 'killed') await redis.start();
      else redis.signal('SIGCONT');
      await back;
      const heard = next(subscriber, 'message');
      while ((await publisher.publish('news', outage)) === 0);
      await expect(heard).resolves.toEqual(['news', outage]);
    }
  });

  it('opens the gate after a few failures, tells it once, and closes it when Redis is back', async () => {
    const client = opened(failFastRedis(config));
    await ready(client);
    const gate = new RedisGate(client, processLog(config));
    const changes: boolean[] = [];
    const told = (isUp: boolean): Promise<void> =>
      new Promise((resolve) => {
        gate.onStateChange((now) => {
          if (now === isUp) resolve();
        });
      });
    gate.onStateChange((isUp) => changes.push(isUp));
    gate.start();
    await expect(gate.run((r) => r.set('a', '1'))).resolves.toBe('OK');
    expect(await valueOf('num_redis_up')).toBe(1);
    const fallbacks = await valueOf('num_redis_fallback_total');

    const down = told(false);
    await redis.kill();
    await down; // By the probes alone: nobody called.
    expect([gate.isUp, await valueOf('num_redis_up')]).toEqual([false, 0]);
    const { error, tookMs } = await failureOf(gate.run((r) => r.get('a')));
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(tookMs).toBeLessThan(FAST_MS);
    expect(await valueOf('num_redis_fallback_total')).toBe(fallbacks + 1);

    const up = told(true);
    await redis.start();
    await up;
    expect([gate.isUp, await valueOf('num_redis_up')]).toEqual([true, 1]);
    await expect(gate.run((r) => r.get('a'))).resolves.toBeNull();
    expect(changes).toEqual([false, true]);
    gate.stop();
  });

  it('takes a refused command for what it is', async () => {
    const client = opened(failFastRedis(config));
    await ready(client);
    const gate = new RedisGate(client, processLog(config));
    await client.set('text', 'x');
    // Again where the machine was too busy to answer within the budget.
    await eventually(async () => {
      for (let calls = 0; calls < 5; calls++) {
        const { error } = await failureOf(gate.run((r) => r.incr('text')));
        expect(error).not.toBeInstanceOf(StoreUnavailable);
      }
      expect(gate.isUp).toBe(true);
    });
  });
});
