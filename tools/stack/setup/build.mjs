import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../base/commands.mjs';
import { writeAtomic } from '../base/files.mjs';
import { root } from '../base/home.mjs';

const buildTimeoutMs = 600_000;
const stampFile = path.join(root, 'dist/.sources');
const folders = ['apps', 'libs', 'tools'];
const configFiles = /^(package(-lock)?\.json|nx\.json|tsconfig.*\.json|rspack\.config\.\w+)$/;
/** What no bundle is made of. */
const beside = /(\.spec|-spec)\.ts$|\.md$|\.mjs$/;
const skippedFolders = new Set(['node_modules', 'dist', '.nx']);

function* sourceFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) yield* sourceFiles(file);
    } else if (!beside.test(entry.name)) yield file;
  }
}

/** A fingerprint of all that a build is made of, by name, size and time: milliseconds to take. */
function sourcesFingerprint() {
  const hash = createHash('sha256');
  const files = readdirSync(root)
    .filter((name) => configFiles.test(name))
    .map((name) => path.join(root, name));
  for (const folder of folders) files.push(...sourceFiles(path.join(root, folder)));
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${path.relative(root, file)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

const isBuilt = (fingerprint, outputs) =>
  outputs.every((file) => existsSync(path.join(root, file))) &&
  existsSync(stampFile) &&
  readFileSync(stampFile, 'utf8') === fingerprint;

/**
 * Builds the apps and tools where dist is missing or older than its sources.
 *
 * @param {string[]} outputs files that must be there for dist to count as built
 */
export async function ensureBuild({ home, say, signal, outputs }) {
  const fingerprint = sourcesFingerprint();
  if (isBuilt(fingerprint, outputs)) return;
  say('building apps and tools');
  await runCommand({
    what: 'The build failed',
    command: 'npm',
    args: ['run', 'build'],
    ...{ cwd: root, logFile: home.logFile('build'), timeoutMs: buildTimeoutMs, signal },
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
  });
  writeAtomic(stampFile, fingerprint);
}
