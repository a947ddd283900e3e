// `npm run numbering -- COMMAND`: the built command line under the project's Node. Kept lean: it is
// called often.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const file = path.join(root, 'dist/tools/cli/main.js');
const oldestNode = 24;

async function setUp() {
  const [{ openHome, createHome }, { ensureInstalled, ensureBuilt }, { describeFailure }] =
    await Promise.all([
      import('./base/home.mjs'),
      import('./run/ensure-project.mjs'),
      import('./base/failure.mjs'),
    ]);
  const home = openHome();
  createHome(home);
  // What the command prints must stand alone on stdout.
  const context = {
    home,
    say: (line) => console.error(line),
    signal: new AbortController().signal,
  };
  try {
    await ensureInstalled(context);
    await ensureBuilt(context);
  } catch (error) {
    console.error(describeFailure(error));
    process.exit(1);
  }
}

async function runUnderProjectNode() {
  const [{ spawn }, { constants }] = await Promise.all([
    import('node:child_process'),
    import('node:os'),
  ]);
  const node = path.join(root, 'node_modules/node/bin/node');
  const child = spawn(node, [file, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

if (!existsSync(file)) await setUp();
if (Number(process.versions.node.split('.')[0]) >= oldestNode) await import(file);
else await runUnderProjectNode();
