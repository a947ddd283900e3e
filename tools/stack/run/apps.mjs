import path from 'node:path';
import { root } from '../base/home.mjs';
import { appNames } from './app-names.mjs';
import { processEnvironment } from './environment.mjs';
import { launchNode } from './launch-node.mjs';
import { together } from './together.mjs';

const defaultPorts = {
  'inventory-api': { http: 3000 },
  'lease-validator': { http: 3001, grpc: 50051 },
  'reservation-worker': { http: 3002 },
  'pool-monitor': { http: 3003 },
};
/** Longer than the apps take to drain. */
const stopTimeoutMs = 20_000;

/** The built file of an app. */
const appFile = (app) => path.join(root, 'dist/apps', app, 'main.js');

/**
 * Starts every replica of every app at once and waits until each is ready.
 *
 * @param docsTokens ready tokens that the pages of inventory-api offer, by name
 * @returns entries as they stand in stack.json: `{[app]: [{url, pid, log, grpc?}]}`
 */
export async function startApps(context, settings, scale, docsTokens) {
  const entries = Object.fromEntries(appNames.map((app) => [app, []]));
  const replicas = appNames.flatMap((app) =>
    Array.from({ length: scale[app] }, (_, index) => ({ app, index })),
  );
  await together(
    context,
    replicas.map(({ app, index }) => async () => {
      const own =
        app === 'inventory-api'
          ? { ...settings, DOCS_TOKENS: JSON.stringify(docsTokens) }
          : settings;
      entries[app][index] = await startReplica(context, own, app, index);
    }),
  );
  return entries;
}

async function startReplica(context, settings, app, index) {
  // The first replica has the port people expect; the others any.
  const wanted = index === 0 ? defaultPorts[app] : {};
  const hasGrpc = defaultPorts[app].grpc !== undefined;
  const http = await context.takePort(wanted.http);
  const grpc = hasGrpc ? await context.takePort(wanted.grpc) : undefined;
  const url = `http://127.0.0.1:${http}`;
  const ports = { PORT: String(http), ...(hasGrpc ? { GRPC_PORT: String(grpc) } : {}) };
  const handle = await launchNode(context, {
    name: index === 0 ? app : `${app}-${index + 1}`,
    ...{ stage: 'app', file: appFile(app), stopTimeoutMs },
    env: processEnvironment({ ...settings, ...ports }),
    readyUrl: `${url}/health/ready`,
  });
  const { pid, logFile: log } = handle;
  return { ...(hasGrpc ? { grpc: `127.0.0.1:${grpc}` } : {}), url, pid, log };
}
