import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, freePort, type LeaseQuestion } from '@numbering/testing';
import { cpuSecondsOf } from '../built-app';
import { goTool } from './go-tools';
import type { Load } from './ghz';

const run = promisify(execFile);

const START_LIMIT_MS = 30_000;
/** OpenFGA's own bound on one write. */
const MAX_TUPLES_A_WRITE = 100;
const CACHE_TTL = '60s';
/** More than are asked about, so that nothing has to leave its cache. */
const CACHE_LIMIT = 100_000;
/** All that may be open stay open. */
const CONNECTIONS = 30;

/** `number:+9379…#holder@tenant:acme`: who holds it may send as it. */
const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'tenant' },
    {
      type: 'number',
      relations: { holder: { this: {} } },
      metadata: { relations: { holder: { directly_related_user_types: [{ type: 'tenant' }] } } },
    },
  ],
};

const tupleOf = ({ identifier, tenantId }: LeaseQuestion) => ({
  user: `tenant:${tenantId}`,
  relation: 'holder',
  object: `number:${identifier}`,
});

/** OpenFGA as a lease check: a Postgres store of its own, and what holds as its tuples. */
export interface Peer {
  /** Its answer, as callers of its HTTP door get it; from the same cache as gRPC's. */
  isAllowed: (question: LeaseQuestion) => Promise<boolean>;
  loadOf: (questions: readonly LeaseQuestion[]) => Load;
  cpuSeconds: () => number;
}

/**
 * @param resources closes it
 * @param databaseUrl its tables stand there in the schema `public`
 */
export async function openPeer(
  resources: AsyncDisposableStack,
  databaseUrl: string,
  held: readonly LeaseQuestion[],
): Promise<Peer> {
  const program = await goTool('openfga');
  const store = ['--datastore-engine', 'postgres', '--datastore-uri', insecure(databaseUrl)];
  await run(program, ['migrate', ...store]);
  const [grpcPort, httpPort] = [await freePort(), await freePort()];
  const child = spawn(program, ['run', ...store, ...settings(grpcPort, httpPort)], {
    env: {}, // It reads settings from there too.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  resources.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const post = poster(`http://127.0.0.1:${httpPort}`);
  const { id: store_id } = await eventually(
    () => post<{ id: string }>('/stores', { name: 'numbering' }),
    { withinMs: START_LIMIT_MS },
  );
  const at = `/stores/${store_id}`;
  const { authorization_model_id } = await post<{ authorization_model_id: string }>(
    `${at}/authorization-models`,
    MODEL,
  );
  for (let from = 0; from < held.length; from += MAX_TUPLES_A_WRITE) {
    const tuple_keys = held.slice(from, from + MAX_TUPLES_A_WRITE).map(tupleOf);
    await post(`${at}/write`, { authorization_model_id, writes: { tuple_keys } });
  }
  return {
    isAllowed: async (question) => {
      const ask = { authorization_model_id, tuple_key: tupleOf(question) };
      return (await post<{ allowed: boolean }>(`${at}/check`, ask)).allowed;
    },
    loadOf: (questions) => ({
      call: 'openfga.v1.OpenFGAService/Check',
      address: `127.0.0.1:${grpcPort}`,
      requests: questions.map((question) => ({
        ...{ store_id, authorization_model_id, tuple_key: tupleOf(question) },
      })),
    }),
    cpuSeconds: () => cpuSecondsOf(child.pid),
  };
}

/** As its documentation has it for speed: caches on, connections kept, nothing told that nobody reads. */
const settings = (grpcPort: number, httpPort: number): string[] => [
  ...['--grpc-addr', `127.0.0.1:${grpcPort}`, '--http-addr', `127.0.0.1:${httpPort}`],
  ...['--check-query-cache-enabled', `--check-query-cache-ttl=${CACHE_TTL}`],
  ...[`--check-cache-limit=${CACHE_LIMIT}`],
  ...[`--datastore-max-open-conns=${CONNECTIONS}`, `--datastore-max-idle-conns=${CONNECTIONS}`],
  ...['--playground-enabled=false', '--metrics-enabled=false', '--log-level=error'],
];

/** Its driver asks for TLS where an address says nothing of it. */
function insecure(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('sslmode', 'disable');
  return url.toString();
}

const poster =
  (base: string) =>
  async <T>(route: string, body: unknown): Promise<T> => {
    const response = await fetch(`${base}${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`OpenFGA: POST ${route}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
