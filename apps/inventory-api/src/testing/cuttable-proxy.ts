import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A TCP line to a server that a test can cut or freeze: to the app it is the server that is gone.
 */
export interface CuttableProxy {
  port: number;
  /** Connections break and new ones are refused. */
  cut: () => void;
  /** Connections stay and nothing comes through. */
  freeze: () => void;
  mend: () => void;
  close: () => Promise<void>;
}

export async function cuttableProxy(target: {
  host: string;
  port: number;
}): Promise<CuttableProxy> {
  let state: 'open' | 'cut' | 'frozen' = 'open';
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (state === 'cut') return void near.destroy();
    const far = connect(target);
    keep(far);
    near.on('data', (bytes) => state === 'open' && far.write(bytes));
    far.on('data', (bytes) => state === 'open' && near.write(bytes));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut';
      breakAll();
    },
    freeze: () => {
      state = 'frozen';
    },
    mend: () => {
      // What was half said while nothing came through cannot go on.
      if (state === 'frozen') breakAll();
      state = 'open';
    },
    close: () => {
      breakAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
