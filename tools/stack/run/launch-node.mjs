import { projectNode } from '../setup/dependencies.mjs';
import { readyOrDead } from '../base/processes.mjs';
import { waitFor } from '../base/wait.mjs';

const readyLimitMs = 90_000;
const probeTimeoutMs = 3_000;
const nodeFlags = [
  '--enable-source-maps',
  '--disable-warning=TimeoutNegativeWarning',
  // A young generation of half the default: an idle app stays below 200 MB, measured at 24 to 54 MB less.
  '--max-semi-space-size=8',
];

/**
 * Starts one of our own programs with the project's Node and waits until `readyUrl` answers 200.
 *
 * @throws StackFailure with the end of its log where it ends or stays unready
 */
export async function launchNode(context, { name, stage, file, env, readyUrl, stopTimeoutMs }) {
  const { processes, signal } = context;
  const args = [...nodeFlags, file];
  const handle = processes.launch({ name, stage, command: projectNode, args, env, stopTimeoutMs });
  await readyOrDead(handle, signal, (either) =>
    waitFor(() => probe(readyUrl), {
      ...{ what: `${name} was not ready`, limitMs: readyLimitMs },
      ...{ signal: either, logFile: handle.logFile },
    }),
  );
  return handle;
}

async function probe(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status} ${body}`);
}
