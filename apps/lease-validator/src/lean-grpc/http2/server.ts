import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { Http2Connection, type ConnectionOptions } from './connection';

/** How often connections are looked at. */
const LOOK_EVERY_MS = 1_000;
/** Connections of one age do not all end in one moment. */
const AGE_JITTER = 0.1;
const PING_PAYLOAD = Buffer.from('are you?', 'latin1');
const ALPN = 'h2';

export interface ServerOptions extends ConnectionOptions {
  /** Absent: plaintext, with prior knowledge. */
  tls: TlsOptions | undefined;
  /** A peer that has not begun to speak by then is no client. */
  beginLimitMs: number;
  /** A peer that has been silent for so long is pinged… */
  keepaliveTimeMs: number;
  /** …and cut off where it stays silent. */
  keepaliveTimeoutMs: number;
  maxConnectionAgeMs: number;
  /** Calls under way may take so much longer. */
  maxConnectionAgeGraceMs: number;
}

interface Life {
  beganAtMs: number;
  endsAtMs: number;
  pingedAtMs: number | undefined;
  drainsSinceMs: number | undefined;
}

/** Listens, and keeps the connections: their number, age, silence and end. */
export class Http2Server {
  private readonly server: Server;
  private readonly lives = new Map<Http2Connection, Life>();
  private looking: NodeJS.Timeout | undefined;
  private whenEmpty: (() => void) | undefined;

  constructor(private readonly options: ServerOptions) {
    const { tls } = options;
    this.server = tls
      ? createTlsServer({ ...tls, ALPNProtocols: [ALPN] }, (socket) => this.acceptTls(socket))
      : createTcpServer((socket) => this.accept(socket));
    this.server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  }

  /** @returns the port, which is another where 0 was asked for */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.looking = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Takes no connection more and resolves when the calls under way are answered. */
  async drain(): Promise<void> {
    this.server.close();
    const nowMs = this.options.monotonicMs();
    for (const [connection, life] of this.lives) this.beginDrain(connection, life, nowMs);
    if (this.lives.size > 0) await new Promise<void>((resolve) => (this.whenEmpty = resolve));
    clearInterval(this.looking);
  }

  /** Cuts what is left. */
  destroy(): void {
    this.server.close();
    clearInterval(this.looking);
    for (const { socket } of this.lives.keys()) socket.destroy();
  }

  private acceptTls(socket: TLSSocket): void {
    if (socket.alpnProtocol !== ALPN) socket.destroy();
    else this.accept(socket);
  }

  private accept(socket: Socket): void {
    socket.setNoDelay(true);
    const connection = new Http2Connection(socket, this.options);
    const jitter = 1 + AGE_JITTER * (2 * Math.random() - 1);
    const beganAtMs = this.options.monotonicMs();
    const endsAtMs = beganAtMs + this.options.maxConnectionAgeMs * jitter;
    const life: Life = { beganAtMs, endsAtMs, pingedAtMs: undefined, drainsSinceMs: undefined };
    this.lives.set(connection, life);
    socket.on('close', () => {
      this.lives.delete(connection);
      if (this.lives.size === 0) this.whenEmpty?.();
    });
  }

  private look(): void {
    const nowMs = this.options.monotonicMs();
    for (const [connection, life] of this.lives) this.lookAt(connection, life, nowMs);
  }

  private lookAt(connection: Http2Connection, life: Life, nowMs: number): void {
    const { beginLimitMs, keepaliveTimeMs, keepaliveTimeoutMs, maxConnectionAgeGraceMs } =
      this.options;
    const silentMs = nowMs - connection.heardAtMs;
    if (!connection.isBegun && nowMs - life.beganAtMs > beginLimitMs)
      return void connection.socket.destroy();
    if (life.drainsSinceMs !== undefined) {
      connection.finishDrain(); // Who does not answer the ping has had its second.
      if (nowMs - life.drainsSinceMs > maxConnectionAgeGraceMs) connection.socket.destroy();
    } else if (nowMs > life.endsAtMs) {
      this.beginDrain(connection, life, nowMs);
    }
    const { pingedAtMs } = life;
    const isAnswered = pingedAtMs === undefined || connection.heardAtMs > pingedAtMs;
    if (!isAnswered) {
      if (nowMs - pingedAtMs > keepaliveTimeoutMs) connection.socket.destroy();
    } else if (silentMs > keepaliveTimeMs) {
      life.pingedAtMs = nowMs;
      connection.ping(PING_PAYLOAD);
    }
  }

  /** GOAWAY and a ping: when that is answered, the peer has read both. */
  private beginDrain(connection: Http2Connection, life: Life, nowMs: number): void {
    life.drainsSinceMs = nowMs;
    connection.beginDrain();
    connection.ping(PING_PAYLOAD);
  }
}
