import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Trouble } from './run-flips.fixture';

/** What befalls Redis while numbers flip; it stays away or frozen for so long. */
export const redisTroubles = (awayMs: number): readonly Trouble[] => [
  {
    name: `Redis killed, back after ${awayMs} ms with what it had kept`,
    strike: async ({ redis }) => {
      await redis.kill();
      await pause(awayMs);
      await redis.start();
    },
  },
  {
    name: 'Redis emptied',
    strike: async ({ redis }) => {
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
    },
  },
  {
    name: `Redis frozen for ${awayMs} ms`,
    strike: async ({ redis }) => {
      process.kill(redis.pid, 'SIGSTOP');
      await pause(awayMs);
      process.kill(redis.pid, 'SIGCONT');
    },
  },
];

/** What befalls those who change numbers, and who tell of it. */
export const APP_TROUBLES: readonly Trouble[] = [
  {
    name: 'the API killed right after some commit',
    strike: async ({ api }) => {
      await api.kill();
      await api.start();
    },
  },
  {
    name: 'the worker killed, and with it the evictor',
    strike: async ({ worker }) => {
      await worker.kill();
      await worker.start();
    },
  },
];
