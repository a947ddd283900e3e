// The callers, as a process of their own: they share no event loop with anything that is measured.
import { WrongAnswer } from '../benchmark';
import { GrpcLoad, type Load, type LoadReport, type Target } from '../grpc-load/grpc-load';
import { WORKLOADS, type Workload } from './workload';

/** What the benchmark says to its caller process, one after the other. */
export type Order = { open: Omit<Target, 'method'> & { workload: Workload } } | { run: Load };
export type Reply =
  { opened: true } | { report: LoadReport } | { wrong: string } | { failed: string };

let load: GrpcLoad | undefined;

async function carryOut(order: Order): Promise<Reply> {
  if ('open' in order) {
    const { workload, ...target } = order.open;
    const { method, calls } = WORKLOADS[workload];
    load = await GrpcLoad.open({ ...target, method }, calls());
    return { opened: true };
  }
  if (!load) throw new Error('no connection is open');
  return { report: await load.run(order.run) };
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (reply) => process.send?.(reply),
    (error: Error) =>
      process.send?.(
        error instanceof WrongAnswer ? { wrong: error.message } : { failed: error.stack },
      ),
  );
});
process.on('disconnect', () => process.exit());
