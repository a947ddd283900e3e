import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A line to a server that a test can cut and freeze, as networks do. */
export class Line {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private isFrozen = false;

  private constructor(private readonly server: Server) {}

  /** @returns the line, and the server's URL as it is reached over it */
  static async to(serverUrl: string): Promise<{ line: Line; url: string }> {
    const target = new URL(serverUrl);
    const [port, host] = [Number(target.port), target.hostname];
    const server = createServer();
    const line = new Line(server);
    server.on('connection', (near) => {
      if (line.isCut) return void near.destroy();
      const far = connect(port, host);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        line.sockets.add(from);
        from.on('data', (bytes) => to.write(bytes));
        from.on('error', () => to.destroy());
        from.on('close', () => {
          line.sockets.delete(from);
          to.destroy();
        });
        if (line.isFrozen) from.pause();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    target.port = String((server.address() as AddressInfo).port);
    return { line, url: target.toString() };
  }

  /** Every connection breaks, and no new one is made. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Connections stay, and nothing comes through. */
  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  restore(): void {
    this.isCut = false;
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
