import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { cpuSecondsOf, startApp, type BuiltApp } from '../built-app';
import { WrongAnswer } from '../benchmark';
import type { Load, LoadReport, Target } from '../grpc-load/grpc-load';
import { openIssuer, type Issuer } from '../issuer';
import { openStores, type Stores } from '../stores';
import type { Order, Reply } from './caller';
import { fillLedger } from './ledger';
import type { Workload } from './workload';

/** A server that is asked. */
export interface Side {
  address: string;
  token?: string;
  cpuSeconds: () => number;
}

export interface Validator extends Side {
  token: string;
  app: BuiltApp;
  /** The owner's. */
  databaseUrl: string;
}

/** Callers of one server, in a process of their own. */
export interface Caller {
  /** @throws WrongAnswer */
  run: (load: Load) => Promise<LoadReport>;
}

/** Built beside this bundle. */
function forkOf(resources: AsyncDisposableStack, name: 'caller' | 'echo'): ChildProcess {
  const child = fork(path.join(__dirname, `${name}.js`), { serialization: 'advanced' });
  const ended = once(child, 'exit');
  resources.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

/** The limit. */
export async function openEcho(resources: AsyncDisposableStack): Promise<Side> {
  const child = forkOf(resources, 'echo');
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { address: `127.0.0.1:${port}`, cpuSeconds: () => cpuSecondsOf(child.pid) };
}

/** What validators stand on: a ledger, a reservation-worker, whose evictor keeps their memory trusted, and tokens. */
export interface LeasedGround {
  stores: Stores;
  issuer: Issuer;
  /** An orchestrator's. */
  token: string;
}

/** @param count of numbers in the ledger */
export async function openLeasedGround(
  resources: AsyncDisposableStack,
  count: number,
): Promise<LeasedGround> {
  const stores = await openStores(resources);
  await fillLedger(stores.database, count);
  const issuer = await openIssuer(resources);
  await startApp(resources, 'reservation-worker', stores);
  const token = await issuer.token('orchestrator', { scope: 'numbering:validate' });
  return { stores, issuer, token };
}

/**
 * The service as it is shipped: a validator that asks for tokens, on a ground of its own.
 * @param count of numbers in the ledger
 */
export async function openValidator(
  resources: AsyncDisposableStack,
  count: number,
): Promise<Validator> {
  const { stores, issuer, token } = await openLeasedGround(resources, count);
  const app = await startApp(resources, 'lease-validator', stores, issuer.env);
  const { databaseUrl } = stores;
  return { address: app.grpc, token, cpuSeconds: app.cpuSeconds, app, databaseUrl };
}

export async function openCaller(
  resources: AsyncDisposableStack,
  { address, token }: Omit<Target, 'method'>,
  workload: Workload,
): Promise<Caller> {
  const child = forkOf(resources, 'caller');
  const ask = async (order: Order): Promise<Reply> => {
    child.send(order);
    const [reply] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => [{ failed: 'the caller process has ended' }]),
    ])) as [Reply];
    if ('wrong' in reply) throw new WrongAnswer(reply.wrong);
    if ('failed' in reply) throw new Error(reply.failed);
    return reply;
  };
  await ask({ open: { address, token, workload } });
  return {
    run: async (load) => {
      const reply = await ask({ run: load });
      if (!('report' in reply)) throw new Error('a round left no report');
      return reply.report;
    },
  };
}
