import { rmSync } from 'node:fs';
import { releaseLock, takeLock } from '../base/lock.mjs';
import { writeJson } from '../base/files.mjs';
import { Interrupted, StackFailure, describeFailure } from '../base/failure.mjs';
import { createHome, openSecrets } from '../base/home.mjs';
import { createPorts } from '../base/ports.mjs';
import { createProcesses, endLeftovers } from '../base/processes.mjs';
import { loadDemo } from '../demo/load-demo.mjs';
import { demoTenants } from '../demo/demo-plan.mjs';
import { startKafka } from '../servers/kafka.mjs';
import { startPostgres } from '../servers/postgres.mjs';
import { startRedis } from '../servers/redis.mjs';
import { startApps } from './apps.mjs';
import { appSettings } from './environment.mjs';
import { emptyHome } from './empty-home.mjs';
import { ensureBuilt, ensureInstalled } from './ensure-project.mjs';
import { together } from './together.mjs';
import { docsTokens, mintTokens } from './tokens.mjs';
import { migrate, startBilling, startIdentity } from './tools.mjs';

/**
 * One stack: stores, simulators and apps, started in the order of their needs and ended in the
 * reverse. Foreground, background and tests use this same piece.
 *
 * @param {{home: object, say: (line: string) => void, scale: Record<string, number>,
 *   hasDemo: boolean, useDefaultPorts: boolean, isKafkaRequired?: boolean, isFresh?: boolean,
 *   mode: string}} options `isFresh`: without the data of an earlier run
 */
export function createStack({
  home,
  say,
  scale,
  hasDemo,
  useDefaultPorts,
  isKafkaRequired,
  isFresh,
  mode,
}) {
  const stopping = new AbortController();
  const processes = createProcesses(home);
  const context = {
    ...{ home, say, processes, isKafkaRequired, signal: stopping.signal },
    takePort: createPorts({ useDefaults: useDefaultPorts }),
    abort: () => stopping.abort(),
  };
  let isReady = false;
  let deathBeforeReady;
  let ending;

  processes.whenOneDies((handle, outcome) => {
    const failure = new StackFailure(
      `${handle.name} (pid ${handle.pid}) ended by itself: ${outcome}.`,
      {
        logFile: handle.logFile,
      },
    );
    if (isReady) return say(describeFailure(failure));
    deathBeforeReady ??= failure;
    stopping.abort();
  });

  /** Starts everything. Leaves nothing running and no lock where it throws. */
  async function start() {
    createHome(home);
    const holder = takeLock(home.lockFile, { mode });
    if (holder) throw new StackFailure(alreadyRuns(home, holder));
    try {
      const result = await bringUp(context, { scale, hasDemo, isFresh });
      if (stopping.signal.aborted) throw new Interrupted();
      isReady = true;
      return result;
    } catch (error) {
      await stop();
      throw deathBeforeReady ?? error;
    }
  }

  /** Ends everything that was started, by pid, each within its limit. */
  function stop() {
    ending ??= end();
    return ending;
  }

  async function end() {
    stopping.abort();
    const killed = await processes.stopAll();
    if (killed.length > 0) say(`did not end in time and had to be killed: ${killed.join(', ')}`);
    for (const file of [home.stackFile, home.environmentFile]) rmSync(file, { force: true });
    releaseLock(home.lockFile);
  }

  return { start, stop, interrupt: () => stopping.abort(), interrupted: stopping.signal };
}

/** Stores and tools, then the schema, then the apps, then what is written down of them. */
async function bringUp(context, { scale, hasDemo, isFresh }) {
  const { home, say } = context;
  const left = await endLeftovers(home);
  if (left.length > 0) say(`ended what an earlier stack left running: ${left.join(', ')}`);
  if (isFresh) emptyHome(home);
  const isOwnIssuer = !process.env.JWKS_URL;
  await ensureInstalled(context);
  const stores = await startStores(context);
  const [billing, identity] = await together(context, [
    () => startBilling(context),
    () => startIdentity(context),
    () => migrate(context, stores.postgres.url),
  ]);
  const { missing, ...kafka } = stores.kafka;
  const services = { ...stores, kafka: missing ? undefined : kafka, billing, identity };
  const settings = appSettings({ services, secrets: openSecrets(home) });
  const tokens = isOwnIssuer
    ? await mintTokens(home, hasDemo ? demoTenants.map(({ id }) => id) : [])
    : { tenants: {} };
  say('starting the apps');
  const apps = await startApps(context, settings, scale, docsTokens(tokens));
  const written = { apps, services: withoutPrivate(services), tokens };
  writeJson(home.environmentFile, settings, 0o600);
  writeJson(home.stackFile, written, 0o600);
  const demo = hasDemo && isOwnIssuer ? await loadDemo(context, written) : undefined;
  return { written, kafkaMissing: missing, demo };
}

/** The sentence for a second start. */
export function alreadyRuns(home, { pid, mode }) {
  const who = mode === 'detached' ? 'in the background' : 'in another terminal';
  return `A stack runs already (pid ${pid}, ${who}, ${home.folder}). \`npm stop\` ends it.`;
}

async function startStores(context) {
  const [, postgres, redis, kafka] = await together(context, [
    () => ensureBuilt(context),
    () => timed(context, 'Postgres', () => startPostgres(context)),
    () => timed(context, 'Redis', () => startRedis(context)),
    () => timed(context, 'Kafka', () => startKafka(context)),
  ]);
  return { postgres, redis, kafka };
}

async function timed({ say }, name, start) {
  const beganMs = Date.now();
  const started = await start();
  const seconds = ((Date.now() - beganMs) / 1000).toFixed(1);
  if (started.missing) say(`no Kafka, events wait in the outbox: ${started.missing}`);
  else say(`${name} ${started.pid ? `is up (${seconds} s)` : 'is the given one'}`);
  return started;
}

function withoutPrivate({ identity: { jwksUrl: _jwksUrl, ...identity }, ...services }) {
  return { ...services, identity };
}
