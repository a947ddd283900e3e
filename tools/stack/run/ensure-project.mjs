import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withLock } from '../base/lock.mjs';
import { root } from '../base/home.mjs';
import { ensureBuild } from '../setup/build.mjs';
import { ensureDependencies } from '../setup/dependencies.mjs';
import { appNames } from './app-names.mjs';

const turnLimitMs = 1_200_000;
const outputs = [
  ...appNames.map((app) => `dist/apps/${app}/main.js`),
  ...['identity', 'billing', 'cli'].map((tool) => `dist/tools/${tool}/main.js`),
];

/** Two stacks of one checkout must not install or build at the same time. */
const turnFile = path.join(
  tmpdir(),
  `numbering-setup-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.lock`,
);

const inTurn = (context, what, work) =>
  withLock(turnFile, { limitMs: turnLimitMs, what, signal: context.signal }, work);

/** Installs the dependencies where they are missing or old. */
export function ensureInstalled(context) {
  return inTurn(context, 'installing', () => ensureDependencies(context));
}

/** Builds apps and tools where they are missing or old. */
export function ensureBuilt(context) {
  return inTurn(context, 'building', () => ensureBuild({ ...context, outputs }));
}
