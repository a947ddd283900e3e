import { EventEmitter } from 'node:events';
import { createLog } from './log.js';
import { dieOnUncaught, drainOnSignal } from './shutdown.js';

const log = createLog({ app: 'inventory-api', logLevel: 'silent' });

/** A process that writes down how it would have ended. */
class PaperProcess extends EventEmitter {
  readonly exits: number[] = [];
  readonly ended: Promise<number>;
  private tell: (code: number) => void = () => undefined;

  constructor() {
    super();
    this.ended = new Promise((resolve) => (this.tell = resolve));
  }

  exit(code: number): void {
    this.exits.push(code);
    this.tell(code);
  }
}

describe('drainOnSignal', () => {
  it('finishes what is under way, and exits 0', async () => {
    const own = new PaperProcess();
    let finish: () => void = () => undefined;
    const work = new Promise<void>((resolve) => (finish = resolve));
    drainOnSignal({ close: () => work }, log, 60_000, own);
    own.emit('SIGTERM', 'SIGTERM');
    expect(own.exits).toEqual([]);
    finish();
    expect(await own.ended).toBe(0);
  });

  it('leaves work that takes longer than the limit, and exits 1', async () => {
    const own = new PaperProcess();
    const never = new Promise<void>(() => undefined);
    const held = setTimeout(() => undefined, 60_000); // The limit alone keeps no process alive.
    drainOnSignal({ close: () => never }, log, 1, own);
    own.emit('SIGTERM', 'SIGTERM');
    expect(await own.ended).toBe(1);
    clearTimeout(held);
  });

  it('exits at once at a second signal', async () => {
    const own = new PaperProcess();
    drainOnSignal({ close: () => new Promise<void>(() => undefined) }, log, 60_000, own);
    own.emit('SIGTERM', 'SIGTERM');
    own.emit('SIGINT', 'SIGINT');
    expect(await own.ended).toBe(130);
  });

  it('exits 1 when closing fails', async () => {
    const own = new PaperProcess();
    drainOnSignal({ close: () => Promise.reject(new Error('no')) }, log, 60_000, own);
    own.emit('SIGTERM', 'SIGTERM');
    expect(await own.ended).toBe(1);
  });
});

describe('dieOnUncaught', () => {
  it.each(['uncaughtException', 'unhandledRejection'])('exits 1 after %s', async (event) => {
    const own = new PaperProcess();
    dieOnUncaught(log, own);
    own.emit(event, new Error('nobody caught this'));
    expect(await own.ended).toBe(1);
  });
});
