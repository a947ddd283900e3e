import { askCommand, runCommand } from '../base/commands.mjs';
import { StackFailure } from '../base/failure.mjs';

const indexTimeoutMs = 180_000;
const installTimeoutMs = 600_000;
const lockWaitSeconds = 300;

const isRoot = () => process.getuid?.() === 0;

/** dpkg takes one installation at a time. */
let queue = Promise.resolve();

/**
 * Installs Debian packages. Where that is not ours to do (no root, no apt), throws a StackFailure
 * that says what the person has to install.
 *
 * @param {{packages: string[], purpose: string, context: object}} options
 */
export function installPackages({ packages, purpose, context }) {
  const turn = queue.then(() => install({ packages, purpose, context }));
  queue = turn.catch(() => undefined);
  return turn;
}

async function install({ packages, purpose, context: { home, say, signal } }) {
  const wish = `\`apt-get install ${packages.join(' ')}\` (or your system's own packages)`;
  if (!isRoot() || !(await askCommand('apt-get', ['--version']))) {
    throw new StackFailure(`${purpose} is missing: install it with ${wish} and start again.`);
  }
  say(`installing ${packages.join(', ')} (apt-get)`);
  // RUNLEVEL=1 keeps the package from starting a service of its own: the stack starts its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const common = { command: 'apt-get', env, signal, cwd: '/' };
  const lockWait = ['-o', `DPkg::Lock::Timeout=${lockWaitSeconds}`];
  await runCommand({
    ...common,
    what: 'The list of packages could not be read',
    args: ['update', ...lockWait],
    ...{ logFile: home.logFile('apt-update'), timeoutMs: indexTimeoutMs },
  });
  await runCommand({
    ...common,
    what: `${purpose} could not be installed`,
    args: ['install', '-y', '--no-install-recommends', ...lockWait, ...packages],
    ...{ logFile: home.logFile('apt-install'), timeoutMs: installTimeoutMs },
    remedy: `Try ${wish} by hand.`,
  });
}
