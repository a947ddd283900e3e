// `npm stop`: ends the stack of this home, wherever it was started; with `--wipe` its data goes
// too.
import { openHome } from './base/home.mjs';
import { parseStopArguments, UsageError } from './run/arguments.mjs';
import { stopStack, wipe } from './run/stop-stack.mjs';

const usage = 'usage: npm stop -- [--wipe]';

async function main() {
  const home = openHome();
  try {
    const { isWiped } = parseStopArguments(process.argv.slice(2));
    console.log(await stopStack(home));
    if (!isWiped) return 0;
    const { isDone, message } = wipe(home);
    console.log(message);
    return isDone ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n${usage}`);
    return 64;
  }
}

process.exit(await main());
