import { WrongAnswer } from '../benchmark';
import { percentile } from '../measure';
import { MAX_FRAME_BYTES } from './frames';
import { GrpcConnection, type Listener } from './grpc-connection';
import { RequestHeaders } from './request-headers';

const CONNECTIONS = 4;
const SECOND_MS = 1_000;
/** After the end of a round each call must have its answer within this. */
const PATIENCE_MS = 10_000;
/** Calls under way at a time; far more than a server that keeps up has. */
const MOST_UNDER_WAY = 65_536;
/** How often calls that are due are sent. */
const TICK_MS = 1;

export interface Target {
  /** host:port */
  address: string;
  /** `/numbering.v1.LeaseValidator/ValidateLease` */
  method: string;
  /** A bearer token; none where the server asks for none. */
  token?: string;
}

/** What is asked and what must be answered, by the number of the call from the process's start. */
export interface Calls {
  /** The request with its prefix. */
  requestOf: (call: number) => Buffer;
  /** @throws WrongAnswer where the bytes from `from` to `to` are no right answer */
  check: (call: number, bytes: Buffer, from: number, to: number) => void;
}

export interface Load {
  seconds: number;
  /** Closed loop: so many callers, who each call again when they have their answer. */
  callers?: number;
  /** Open loop: calls a second, whatever the answers take. */
  ratePerSecond?: number;
}

export interface LoadReport {
  /** Answered within the round, every one of them checked. */
  calls: number;
  perSecond: number;
  /** Milliseconds; of an open loop from when the call was due. */
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
  /** CPU microseconds that the callers themselves used for a call. */
  callerCpuPerCall: number;
}

/** Callers on four connections to one server. */
export class GrpcLoad implements Listener {
  private connections: GrpcConnection[] = [];
  private readonly beganMs = new Float64Array(MOST_UNDER_WAY);
  private calls = 0;
  private underWay = 0;
  private endsMs = 0;
  private isClosedLoop = true;
  private isAllSent = false;
  private tookMs: number[] = [];
  private over: { resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(private readonly asked: Calls) {}

  static async open(target: Target, asked: Calls): Promise<GrpcLoad> {
    const load = new GrpcLoad(asked);
    const [host = '', port] = target.address.split(':');
    const headers = new RequestHeaders([
      [':path', target.method],
      [':authority', target.address],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['user-agent', 'numbering-bench'],
      ...(target.token === undefined ? [] : [['authorization', `Bearer ${target.token}`] as const]),
    ]);
    for (let nth = 0; nth < CONNECTIONS; nth++) {
      load.connections.push(await GrpcConnection.open({ host, port: Number(port) }, headers, load));
    }
    return load;
  }

  /** One round. Rejects with WrongAnswer at the first that is wrong, or where one does not come. */
  async run({ seconds, callers = 0, ratePerSecond }: Load): Promise<LoadReport> {
    this.tookMs = [];
    this.isClosedLoop = ratePerSecond === undefined;
    this.isAllSent = false;
    const cpuBefore = process.cpuUsage();
    const beganMs = performance.now();
    this.endsMs = beganMs + seconds * SECOND_MS;
    const over = new Promise<void>((resolve, reject) => (this.over = { resolve, reject }));
    const late = setTimeout(
      () => this.failed(new WrongAnswer(`${this.underWay} calls have no answer`)),
      seconds * SECOND_MS + PATIENCE_MS,
    );
    if (ratePerSecond === undefined) this.beginClosedLoop(callers);
    else this.tick(SECOND_MS / ratePerSecond, beganMs);
    try {
      await over;
    } finally {
      clearTimeout(late);
      this.over = undefined;
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    const tookMs = Float64Array.from(this.tookMs).sort();
    return {
      calls: tookMs.length,
      perSecond: tookMs.length / seconds,
      p50Ms: percentile(tookMs, 0.5),
      p95Ms: percentile(tookMs, 0.95),
      p99Ms: percentile(tookMs, 0.99),
      maxMs: tookMs.at(-1) ?? NaN,
      callerCpuPerCall: (user + system) / tookMs.length,
    };
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  message(call: number, bytes: Buffer, from: number, to: number): void {
    this.asked.check(call, bytes, from, to);
  }

  done(call: number, connection: GrpcConnection): void {
    const nowMs = performance.now();
    this.underWay--;
    if (this.isClosedLoop) this.isAllSent = nowMs >= this.endsMs;
    // Of a closed loop only what was answered within the round counts for its rate.
    if (nowMs <= this.endsMs || !this.isClosedLoop) {
      this.tookMs.push(nowMs - (this.beganMs[call % MOST_UNDER_WAY] ?? NaN));
    }
    if (this.isClosedLoop && !this.isAllSent) this.callOn(connection, nowMs);
    else if (this.underWay === 0 && this.isAllSent) this.over?.resolve();
  }

  failed(error: Error): void {
    this.over?.reject(error);
  }

  private beginClosedLoop(callers: number): void {
    const nowMs = performance.now();
    for (let caller = 0; caller < callers; caller++) this.callOn(this.connectionOf(caller), nowMs);
    for (const connection of this.connections) connection.flush();
  }

  /** Sends what is due, and comes again until the end. */
  private tick(everyMs: number, dueMs: number): void {
    const nowMs = performance.now();
    let nextMs = dueMs;
    for (; nextMs <= nowMs && nextMs < this.endsMs; nextMs += everyMs) {
      if (this.underWay >= MOST_UNDER_WAY) {
        this.failed(new WrongAnswer('the server does not keep up'));
        return;
      }
      this.callOn(this.connectionOf(this.calls), nextMs);
    }
    for (const connection of this.connections) connection.flush();
    this.isAllSent = nextMs >= this.endsMs;
    if (!this.isAllSent) setTimeout(() => this.tick(everyMs, nextMs), TICK_MS);
    else if (this.underWay === 0) this.over?.resolve();
  }

  private connectionOf(nth: number): GrpcConnection {
    const connection = this.connections[nth % CONNECTIONS];
    if (!connection) throw new Error('no connection is open');
    return connection;
  }

  private callOn(connection: GrpcConnection, beganMs: number): void {
    const call = this.calls++;
    const request = this.asked.requestOf(call);
    if (request.length > MAX_FRAME_BYTES) throw new Error('a request is longer than a frame');
    this.beganMs[call % MOST_UNDER_WAY] = beganMs;
    this.underWay++;
    connection.call(call, request);
  }
}
