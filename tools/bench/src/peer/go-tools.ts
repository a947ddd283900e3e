import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { MissingTool } from '../benchmark';

/** Pinned: a later release may be quicker or slower, and figures are compared over time. */
const GO_TOOLS = {
  openfga: { of: 'github.com/openfga/openfga/cmd/openfga', version: 'v1.22.1' },
  ghz: { of: 'github.com/bojand/ghz/cmd/ghz', version: 'v0.121.0' },
} as const;

export type GoTool = keyof typeof GO_TOOLS;

/** Two cores build the larger one in two and a half minutes. */
const BUILD_LIMIT_MS = 1_800_000;
/** Of what the compiler says, the end. */
const MAX_TOLD_CHARS = 2_000;

/** The program's file, built in the user's cache when it is asked for first. @throws without Go */
export async function goTool(tool: GoTool): Promise<string> {
  const { of, version } = GO_TOOLS[tool];
  const cache = path.join(
    process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'),
    'numbering-bench',
  );
  const file = path.join(cache, `${tool}-${version}`);
  if (await exists(file)) return file;
  await mkdir(cache, { recursive: true });
  // A folder of its own, and moved when it is whole: a build that is cut leaves nothing that looks like one.
  const folder = await mkdtemp(path.join(cache, 'build-'));
  try {
    await install(`${of}@${version}`, folder);
    await rename(path.join(folder, tool), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return file;
}

function install(what: string, folder: string): Promise<void> {
  const child = spawn('go', ['install', what], {
    // What the compiler keeps for the next time is large, and there is none.
    env: { ...process.env, GOBIN: folder, GOCACHE: path.join(folder, 'compiled') },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_LIMIT_MS,
  });
  let said = '';
  child.once('spawn', () => console.error(`building ${what}, once: this takes minutes`));
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (part: string) => (said = (said + part).slice(-MAX_TOLD_CHARS)));
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const missing =
        'this benchmark needs Go (https://go.dev/dl) on the PATH, and it is not there';
      const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      reject(isMissing ? new MissingTool(missing) : cause);
    });
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new MissingTool(`go install ${what} failed:\n${said}`));
    });
  });
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
