import { parseArgs } from 'node:util';
import { appNames } from './app-names.mjs';

const mostReplicas = 16;

/** Wrong arguments: the message says what is wrong and what is right. */
export class UsageError extends Error {}

export const startUsage =
  'usage: npm start -- [--detach] [--no-demo] [--scale lease-validator=2,reservation-worker=2]';

/** Arguments of `npm start`. @throws UsageError */
export function parseStartArguments(args) {
  const {
    detach,
    scale,
    'no-demo': noDemo,
  } = parse(args, {
    detach: { type: 'boolean', default: false },
    'no-demo': { type: 'boolean', default: false },
    scale: { type: 'string', default: '' },
  });
  return { isDetached: detach, hasDemo: !noDemo, scale: parseScale(scale) };
}

/** Arguments of `npm stop`. @throws UsageError */
export function parseStopArguments(args) {
  const { wipe } = parse(args, { wipe: { type: 'boolean', default: false } });
  return { isWiped: wipe };
}

function parse(args, options) {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Replicas of each app, one where nothing else is said. */
function parseScale(text) {
  const scale = Object.fromEntries(appNames.map((name) => [name, 1]));
  for (const part of text.split(',').filter(Boolean)) {
    const [, name, count] = /^([a-z-]+)=(\d{1,2})$/.exec(part.trim()) ?? [];
    const replicas = Number(count);
    if (!appNames.includes(name) || !(replicas >= 1 && replicas <= mostReplicas)) {
      throw new UsageError(
        `--scale ${part}: write APP=COUNT, APP one of ${appNames.join(', ')}, ` +
          `COUNT 1 to ${mostReplicas}.`,
      );
    }
    scale[name] = replicas;
  }
  return scale;
}
