import { createHash } from 'node:crypto';
import { Cluster } from 'ioredis';
import type { RedisClient } from '@numbering/platform';
import { LuaScript } from './lua-script';

/**
 * Facts go in only if newer than what is there; those of a tombstone's own version may take its
 * place. The key lives on for as long as the tombstone would have: the version that is in it must
 * outlive a slow reader, even where the facts end sooner.
 * KEYS entries; ARGV for each: version, value, milliseconds to live.
 */
export const PUT_IF_NEWER = new LuaScript(`
  local put = 0
  for i, key in ipairs(KEYS) do
    local version = tonumber(ARGV[3 * i - 2])
    local lives = tonumber(ARGV[3 * i])
    local held = redis.call('GET', key)
    local known = held and cjson.decode(held)
    if not known or version > known.v or (version == known.v and known.gone) then
      local left = redis.call('PTTL', key)
      redis.call('SET', key, ARGV[3 * i - 1], 'PX', math.max(lives, left))
      put = put + 1
    end
  end
  return put`);

/**
 * A tombstone takes the place of older facts. What is as new stays, and lives as long as the
 * tombstone would have.
 * KEYS entries; ARGV[1] milliseconds to live, then the version after the change for each.
 */
export const BURY = new LuaScript(`
  local lives = tonumber(ARGV[1])
  for i, key in ipairs(KEYS) do
    local version = ARGV[i + 1]
    local held = redis.call('GET', key)
    if held and cjson.decode(held).v >= tonumber(version) then
      if redis.call('PTTL', key) < lives then redis.call('PEXPIRE', key, lives) end
    else
      redis.call('SET', key, '{"v":' .. version .. ',"gone":true}', 'PX', lives)
    end
  end
  return #KEYS`);

/**
 * The epoch under which facts are kept. It names the run of the server: one that restarted, was
 * emptied or took over from another has lost tombstones, so what it still has counts for nothing.
 * KEYS[1] num:epoch; ARGV run of the server (empty: this one's own), a fresh id, and a message
 * that is published to a channel only where the epoch still is ARGV[3].
 */
export const EPOCH = new LuaScript(`
  local run = ARGV[1]
  if run == '' then run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') end
  local epoch = redis.call('GET', KEYS[1])
  if not epoch or string.sub(epoch, 1, #run + 1) ~= run .. ':' then
    epoch = run .. ':' .. ARGV[2]
    redis.call('SET', KEYS[1], epoch)
  end
  if epoch == ARGV[3] then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
  return epoch`);

/** Publishes from the node of KEYS[1], so that in a cluster all messages keep their order. */
export const PUBLISH = new LuaScript(`return redis.call('PUBLISH', ARGV[1], ARGV[2])`);

/** What the epoch names as the run: of a cluster all masters, of one server what it says itself. */
export async function runOf(redis: RedisClient): Promise<string> {
  if (!(redis instanceof Cluster)) return '';
  const infos = await Promise.all(redis.nodes('master').map((node) => node.info('server')));
  const runs = infos.map((info) => /run_id:([0-9a-f]+)/.exec(info)?.[1] ?? '').sort();
  return createHash('sha1').update(runs.join()).digest('hex');
}
