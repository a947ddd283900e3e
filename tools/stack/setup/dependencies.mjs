import { existsSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../base/commands.mjs';
import { readJson } from '../base/files.mjs';
import { root } from '../base/home.mjs';

const installTimeoutMs = 900_000;

/** The Node that runs the apps: a package of this project, whatever the machine's own is. */
export const projectNode = path.join(root, 'node_modules/node/bin/node');

/**
 * Why node_modules is not what the lock says; undefined where it is. npm writes down what it
 * installed, so the two files tell it exactly, where their times would not (a checkout renews
 * them).
 */
export function missingDependency(lock, installed) {
  if (!installed) return 'nothing is installed';
  for (const [name, wanted] of Object.entries(lock?.packages ?? {})) {
    if (name === '' || wanted.link) continue;
    const found = installed.packages?.[name];
    if (!found && !wanted.optional) return `${name.replace('node_modules/', '')} is not installed`;
    if (found && found.version !== wanted.version) {
      return `${name.replace('node_modules/', '')} is ${found.version}, not ${wanted.version}`;
    }
  }
  return undefined;
}

/** Installs the dependencies where they are missing or differ from the lock. */
export async function ensureDependencies({ home, say, signal }) {
  const installed = readJson(path.join(root, 'node_modules/.package-lock.json'));
  const why =
    missingDependency(readJson(path.join(root, 'package-lock.json')), installed) ??
    (existsSync(projectNode) ? undefined : 'the project has no Node of its own yet');
  if (!why) return;
  say(`installing dependencies (${why}); about a minute`);
  await runCommand({
    what: 'The dependencies could not be installed',
    command: 'npm',
    // What is there is kept where it fits: a stack may be running from it.
    args: [installed ? 'install' : 'ci', '--no-audit', '--no-fund'],
    ...{ cwd: root, logFile: home.logFile('install'), timeoutMs: installTimeoutMs, signal },
    remedy: 'npm must reach its registry.',
  });
}
