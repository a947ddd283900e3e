import { randomUUID } from 'node:crypto';
import type { RedisClient } from '@numbering/platform';
import { EPOCH_KEY, HEARTBEAT_CHANNEL, type Heartbeat } from './fact-cache-messages';
import { EPOCH, runOf } from './fact-cache-scripts';

/**
 * The epoch under which Redis keeps facts now. A new one is made where there is none or where it
 * is of another run of the server; what was kept under the old one is read no more.
 */
export async function currentEpoch(redis: RedisClient): Promise<string> {
  return textOf(
    await EPOCH.run(redis, [EPOCH_KEY], [await runOf(redis), randomUUID(), '', '', '']),
  );
}

/**
 * Publishes the heartbeat where its epoch is still the current one, in one step.
 * @returns whether it was published
 */
export async function publishHeartbeat(redis: RedisClient, heartbeat: Heartbeat): Promise<boolean> {
  const { epoch } = heartbeat;
  const message = JSON.stringify(heartbeat);
  const args = [await runOf(redis), randomUUID(), epoch, HEARTBEAT_CHANNEL, message];
  return textOf(await EPOCH.run(redis, [EPOCH_KEY], args)) === epoch;
}

function textOf(reply: unknown): string {
  if (typeof reply !== 'string') throw new Error('the script of the epoch gives a text');
  return reply;
}
