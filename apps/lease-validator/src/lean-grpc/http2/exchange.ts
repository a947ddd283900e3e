import { ErrorCode, Flag, Frame, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, StreamError } from './protocol';
import type { Http2Connection } from './connection';

/** Whoever takes a request's body and is told what becomes of the exchange. */
export interface Receiver {
  /** Part of the body, valid during the call alone; `isEnd`: nothing follows. */
  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** All that waited for the peer's window has left. */
  onDrain(): void;
  /** The peer has cancelled, or is gone, before the answer's end was handed over. */
  onCancel(): void;
}

/** One request and its answer: a stream of HTTP/2. */
export class Exchange {
  receiver: Receiver | undefined;
  isRemoteOpen = true;
  isLocalOpen = true;
  /** Bytes that the peer may still send of this body. */
  receiveWindow: number;
  /** Still to come of a body whose length was declared. */
  undelivered: number | undefined;
  private readonly waiting: Uint8Array[] = [];
  private trailers: Uint8Array | undefined;
  private credit = 0;
  private keptBytes = 0;

  constructor(
    readonly id: number,
    readonly connection: Http2Connection,
    private sendWindow: number,
  ) {
    this.receiveWindow = connection.streamWindowBytes;
  }

  /** @param isLast nothing follows: a refusal in the header block itself */
  headers(block: Uint8Array, isLast = false): void {
    if (!this.isLocalOpen) return;
    const flags = Flag.END_HEADERS | (isLast ? Flag.END_STREAM : Flag.NONE);
    this.connection.outbox.frame(Frame.HEADERS, flags, this.id, block);
    if (isLast) this.closeLocal();
  }

  /** @returns whether it has left: else wait for `onDrain` before more is sent */
  data(bytes: Uint8Array): boolean {
    if (!this.isLocalOpen) return true;
    if (this.waiting.length === 0 && bytes.length <= this.sendable()) {
      this.dataFrames(bytes);
      return true;
    }
    this.waiting.push(bytes);
    this.connection.hold(this, bytes.length);
    this.drain();
    return this.waiting.length === 0;
  }

  /** The end of the answer, as soon as all its data has left. */
  end(trailers: Uint8Array): void {
    if (!this.isLocalOpen || this.trailers) return;
    this.trailers = trailers;
    if (this.waiting.length === 0) this.sendTrailers(trailers);
  }

  /** Ends both directions at once. */
  reset(code: ErrorCode): void {
    if (!this.isLocalOpen && !this.isRemoteOpen) return;
    this.isLocalOpen = false;
    this.isRemoteOpen = false;
    this.dropWaiting();
    this.connection.sendReset(this.id, code);
    this.connection.forget(this);
  }

  /**
   * The receiver keeps so many bytes more of the body, or less where below zero.
   * @returns whether all calls of the connection together keep no more than they may
   */
  keep(bytes: number): boolean {
    this.keptBytes += bytes;
    return this.connection.keep(bytes);
  }

  /** The receiver has done with so many bytes of the body; the peer may send as many more. */
  consumed(bytes: number): void {
    if (!this.isRemoteOpen) return;
    const { streamWindowBytes } = this.connection;
    this.credit += bytes;
    if (this.credit < streamWindowBytes / 2) return;
    this.connection.sendWindowUpdate(this.id, this.credit);
    this.receiveWindow += this.credit;
    this.credit = 0;
  }

  /** The peer, or the connection's end, has ended both directions. */
  cut(): void {
    const isUnanswered = this.isLocalOpen;
    this.isLocalOpen = false;
    this.isRemoteOpen = false;
    this.dropWaiting();
    this.connection.forget(this);
    if (isUnanswered) this.receiver?.onCancel();
  }

  /** By WINDOW_UPDATE, or by a new initial window, which may take. */
  widen(bytes: number): void {
    this.sendWindow += bytes;
    if (this.sendWindow > MAX_WINDOW_BYTES) {
      throw new StreamError(this.id, ErrorCode.FLOW_CONTROL_ERROR, 'a window that is too large');
    }
    this.drain();
  }

  /** Sends what windows allow of what waits. */
  drain(): void {
    const { waiting } = this;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const sendable = this.sendable();
      if (first.length > sendable) {
        if (sendable <= 0) return;
        this.dataFrames(first.subarray(0, sendable));
        this.connection.hold(this, -sendable);
        waiting[0] = first.subarray(sendable);
        return;
      }
      this.dataFrames(first);
      waiting.shift();
      this.connection.hold(this, -first.length);
      if (waiting.length > 0) continue;
      this.connection.release(this);
      if (this.trailers) this.sendTrailers(this.trailers);
      else this.receiver?.onDrain();
    }
  }

  private sendable(): number {
    return Math.min(this.sendWindow, this.connection.sendWindow);
  }

  private dataFrames(bytes: Uint8Array): void {
    const { outbox } = this.connection;
    this.sendWindow -= bytes.length;
    this.connection.sendWindow -= bytes.length;
    if (bytes.length <= MAX_FRAME_BYTES) {
      outbox.frame(Frame.DATA, Flag.NONE, this.id, bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += MAX_FRAME_BYTES) {
      outbox.frame(Frame.DATA, Flag.NONE, this.id, bytes.subarray(at, at + MAX_FRAME_BYTES));
    }
  }

  private sendTrailers(trailers: Uint8Array): void {
    const flags = Flag.END_HEADERS | Flag.END_STREAM;
    this.connection.outbox.frame(Frame.HEADERS, flags, this.id, trailers);
    this.closeLocal();
  }

  /** What the peer goes on sending after the answer is not wanted. */
  private closeLocal(): void {
    this.isLocalOpen = false;
    this.connection.answered();
    if (this.isRemoteOpen) {
      this.isRemoteOpen = false;
      this.connection.sendReset(this.id, ErrorCode.NO_ERROR);
    }
    this.connection.forget(this);
  }

  /** Nothing of the body is kept any more. */
  release(): void {
    this.connection.keep(-this.keptBytes);
    this.keptBytes = 0;
  }

  private dropWaiting(): void {
    let bytes = 0;
    for (const each of this.waiting) bytes += each.length;
    this.waiting.length = 0;
    if (bytes > 0) this.connection.hold(this, -bytes);
    this.connection.release(this);
  }
}
