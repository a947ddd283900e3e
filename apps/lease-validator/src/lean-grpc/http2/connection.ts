import type { Socket } from 'node:net';
import {
  paddingOf,
  readSettings,
  sendGoAway,
  sendReset,
  sendSettings,
  sendWindowUpdate,
} from './control-frames';
import { Exchange } from './exchange';
import { FloodGuard } from './flood-guard';
import { FrameSplitter, type TakeFrame } from './frame-splitter';
import { HeaderBlocks, refuseOwnDependency } from './header-blocks';
import type { HeaderField } from './header-field';
import { Outbox } from './outbox';
import { requestHead, type RequestHead } from './request-head';
import { ResetMemory } from './reset-memory';
import {
  ConnectionError,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  Flag,
  Frame,
  MAX_WINDOW_BYTES,
  PRIORITY_BYTES,
  STREAM_ID_MASK,
  StreamError,
} from './protocol';

/** What the peer may send of all bodies together before it is told to go on. */
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
/** Answers that wait for a peer that does not read; then it opens no more streams. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;
/** Parts of messages that are not whole, and messages that nobody has taken yet. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
const PING_BYTES = 8;
const UINT32_BYTES = 4;
const NOTHING = Buffer.alloc(0);

export interface ConnectionOptions {
  maxConcurrentStreams: number;
  maxHeaderListBytes: number;
  monotonicMs: () => number;
  onRequest: (exchange: Exchange, head: RequestHead, isEnd: boolean) => void;
  /** Why the connection was ended from here: the peer's fault, or one of ours. */
  onFault: (fault: unknown) => void;
}

/** The server's side of one connection of HTTP/2 (RFC 9113). */
export class Http2Connection {
  readonly outbox: Outbox;
  readonly streamWindowBytes = DEFAULT_WINDOW_BYTES;
  sendWindow = DEFAULT_WINDOW_BYTES;
  /** When the peer was last heard, monotonic. */
  heardAtMs: number;
  private readonly exchanges = new Map<number, Exchange>();
  private readonly blocked = new Set<Exchange>();
  private readonly resets = new ResetMemory();
  private readonly blocks: HeaderBlocks;
  private readonly flood: FloodGuard;
  private readonly splitter: FrameSplitter;
  private heldBytes = 0;
  private keptBytes = 0;
  private peerWindowBytes = DEFAULT_WINDOW_BYTES;
  private receiveWindow = CONNECTION_WINDOW_BYTES;
  private receiveCredit = 0;
  private lastId = 0;
  private hasSettings = false;
  private isOver = false;
  private isDraining = false;
  /** Streams above it are not answered any more. */
  private lastAnsweredId = STREAM_ID_MASK;

  constructor(
    readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    this.heardAtMs = options.monotonicMs();
    this.blocks = new HeaderBlocks(options.maxHeaderListBytes, (id, isEnd, fields) =>
      this.takeFields(id, isEnd, fields),
    );
    this.flood = new FloodGuard(options.monotonicMs);
    this.splitter = new FrameSplitter(this.take);
    this.outbox = new Outbox(socket, () => socket.pause());
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroySoon());
    socket.on('close', () => this.cutAll());
    sendSettings(this.outbox, options);
    sendWindowUpdate(this.outbox, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
  }

  get isIdle(): boolean {
    return this.exchanges.size === 0;
  }

  /** Whether the peer has begun to speak HTTP/2. */
  get isBegun(): boolean {
    return this.hasSettings;
  }

  // ---- what exchanges need of their connection

  hold(exchange: Exchange, bytes: number): void {
    this.heldBytes += bytes;
    if (bytes > 0) this.blocked.add(exchange);
  }

  release(exchange: Exchange): void {
    this.blocked.delete(exchange);
  }

  keep(bytes: number): boolean {
    this.keptBytes += bytes;
    return this.keptBytes <= MAX_KEPT_BYTES;
  }

  answered(): void {
    this.flood.earn();
  }

  forget(exchange: Exchange): void {
    exchange.release();
    this.exchanges.delete(exchange.id);
    if (this.isDraining && this.isIdle && this.lastAnsweredId !== STREAM_ID_MASK) this.close();
  }

  sendReset(streamId: number, code: ErrorCode): void {
    this.resets.add(streamId);
    sendReset(this.outbox, streamId, code);
  }

  sendWindowUpdate(streamId: number, bytes: number): void {
    sendWindowUpdate(this.outbox, streamId, bytes);
  }

  // ---- the life of the connection

  ping(payload: Buffer): void {
    this.outbox.frame(Frame.PING, Flag.NONE, 0, payload);
  }

  /**
   * Tells the peer to open no more streams here. Those that it has opened meanwhile are answered;
   * `finishDrain`, a round trip later, says which was the last.
   */
  beginDrain(): void {
    if (this.isDraining || this.isOver) return;
    this.isDraining = true;
    sendGoAway(this.outbox, STREAM_ID_MASK, ErrorCode.NO_ERROR);
  }

  finishDrain(): void {
    if (!this.isDraining || this.isOver || this.lastAnsweredId !== STREAM_ID_MASK) return;
    this.lastAnsweredId = this.lastId;
    sendGoAway(this.outbox, this.lastId, ErrorCode.NO_ERROR);
    if (this.isIdle) this.close();
  }

  /** Ends the connection after what has been written. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.outbox.flush();
    this.socket.destroySoon();
  }

  private read(chunk: Buffer): void {
    if (this.isOver) return;
    this.heardAtMs = this.options.monotonicMs();
    try {
      this.splitter.push(chunk);
    } catch (fault) {
      this.fail(fault);
    }
  }

  private fail(fault: unknown): void {
    if (this.isOver) return;
    this.options.onFault(fault);
    sendGoAway(
      this.outbox,
      this.lastId,
      fault instanceof ConnectionError ? fault.code : ErrorCode.INTERNAL_ERROR,
    );
    this.close();
    this.cutAll();
  }

  private readonly take: TakeFrame = (type, flags, streamId, bytes, start, end) => {
    if (this.isOver) return;
    if (!this.hasSettings && type !== Frame.SETTINGS) throw broken('a first frame of no settings');
    if (this.blocks.isAmid && type !== Frame.CONTINUATION)
      throw broken('a header block interrupted');
    try {
      this.takeFrame(type, flags, streamId, bytes, start, end);
    } catch (fault) {
      if (!(fault instanceof StreamError)) throw fault;
      this.flood.spend();
      const exchange = this.exchanges.get(fault.streamId);
      this.sendReset(fault.streamId, fault.code);
      exchange?.cut();
    }
  };

  private takeFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Frame.DATA:
        return this.takeData(flags, streamId, bytes, start, end);
      case Frame.HEADERS:
        return this.blocks.begin(flags, streamId, bytes, start, end);
      case Frame.CONTINUATION:
        return this.blocks.continue(flags, streamId, bytes, start, end);
      case Frame.WINDOW_UPDATE:
        return this.takeWindowUpdate(streamId, bytes, start, end);
      case Frame.RST_STREAM:
        return this.takeReset(streamId, end - start);
      case Frame.SETTINGS:
        return this.takeSettings(flags, streamId, bytes.subarray(start, end));
      case Frame.PING:
        return this.takePing(flags, streamId, bytes.subarray(start, end));
      case Frame.PRIORITY:
        return this.takePriority(streamId, bytes, start, end);
      case Frame.GOAWAY:
        if (streamId !== 0) throw broken('GOAWAY of a stream');
        this.beginDrain();
        return this.finishDrain(); // It opens no more streams.
      case Frame.PUSH_PROMISE:
        throw broken('a push of a client');
      default:
        return this.flood.spend(); // Extensions are ignored.
    }
  }

  private takeData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const exchange = this.exchanges.get(id);
    this.receiveWindow -= end - start;
    if (this.receiveWindow < 0) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more data than the window');
    }
    this.creditConnection(end - start);
    if (!exchange || !exchange.isRemoteOpen) return this.refuseLate(id, Frame.DATA);
    exchange.receiveWindow -= end - start;
    if (exchange.receiveWindow < 0) {
      throw new StreamError(id, ErrorCode.FLOW_CONTROL_ERROR, 'more data than the window');
    }
    const padding = flags & Flag.PADDED ? paddingOf(bytes, start, end) : 0;
    const from = flags & Flag.PADDED ? start + 1 : start;
    const isEnd = (flags & Flag.END_STREAM) !== 0;
    const length = end - padding - from;
    if (length < end - start) exchange.consumed(end - start - length);
    if (length === 0 && !isEnd) return this.flood.spend();
    if (exchange.undelivered !== undefined) {
      exchange.undelivered -= length;
      if (exchange.undelivered < 0 || (isEnd && exchange.undelivered > 0)) throw badLength(id);
    }
    if (isEnd) exchange.isRemoteOpen = false;
    exchange.receiver?.onData(bytes, from, from + length, isEnd);
  }

  private takeFields(id: number, isEnd: boolean, fields: HeaderField[] | undefined): void {
    if (id <= this.lastId) return this.takeTrailers(id, isEnd, fields);
    this.lastId = id;
    if (id > this.lastAnsweredId) return;
    if (!fields) throw new StreamError(id, ErrorCode.ENHANCE_YOUR_CALM, 'too many header fields');
    const isFull = this.exchanges.size >= this.options.maxConcurrentStreams;
    if (isFull || this.heldBytes > MAX_HELD_BYTES) {
      throw new StreamError(id, ErrorCode.REFUSED_STREAM, 'too many streams');
    }
    const head = requestHead(fields);
    if (!head) throw new StreamError(id, ErrorCode.PROTOCOL_ERROR, 'malformed header fields');
    if (isEnd && (head.contentLength ?? 0) > 0) throw badLength(id);
    const exchange = new Exchange(id, this, this.peerWindowBytes);
    exchange.undelivered = head.contentLength;
    if (isEnd) exchange.isRemoteOpen = false;
    this.exchanges.set(id, exchange);
    this.options.onRequest(exchange, head, isEnd);
  }

  private takeTrailers(id: number, isEnd: boolean, fields: HeaderField[] | undefined): void {
    const exchange = this.exchanges.get(id);
    if (!exchange || !exchange.isRemoteOpen) return this.refuseLate(id, Frame.HEADERS);
    const areTrailers = isEnd && fields?.every((field) => field.isAllowed && !field.isPseudo);
    if (!areTrailers) throw new StreamError(id, ErrorCode.PROTOCOL_ERROR, 'malformed trailers');
    if ((exchange.undelivered ?? 0) > 0) throw badLength(id);
    exchange.isRemoteOpen = false;
    exchange.receiver?.onData(NOTHING, 0, 0, true);
  }

  /** Of a stream that was reset from here more may be under way; of others it is a fault. */
  private refuseLate(id: number, type: number): void {
    if (id > this.lastId || id === 0) throw broken('a frame of a stream that is none');
    if (id > this.lastAnsweredId) return;
    if (this.resets.has(id)) return this.flood.spend();
    if (type === Frame.DATA && this.exchanges.has(id)) {
      throw new StreamError(id, ErrorCode.STREAM_CLOSED, 'data after the end');
    }
    throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'a frame after the end');
  }

  private takeWindowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== UINT32_BYTES) throw badSize('WINDOW_UPDATE');
    const increment = bytes.readUInt32BE(start) & MAX_WINDOW_BYTES;
    if (id > this.lastId) throw broken('a window of a stream that is none');
    if (increment === 0) {
      if (id === 0) throw broken('a window wider by nothing');
      throw new StreamError(id, ErrorCode.PROTOCOL_ERROR, 'a window wider by nothing');
    }
    if (id !== 0) return this.exchanges.get(id)?.widen(increment);
    this.sendWindow += increment;
    if (this.sendWindow > MAX_WINDOW_BYTES) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window that is too large');
    }
    for (const exchange of [...this.blocked]) exchange.drain();
  }

  private takeReset(id: number, length: number): void {
    if (length !== UINT32_BYTES) throw badSize('RST_STREAM');
    if (id === 0 || id > this.lastId) throw broken('a reset of a stream that is none');
    this.flood.spend();
    this.exchanges.get(id)?.cut();
  }

  private takeSettings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw broken('settings of a stream');
    if (flags & Flag.ACK) {
      if (payload.length > 0) throw badSize('SETTINGS');
      return;
    }
    this.flood.spend();
    const { initialWindowBytes } = readSettings(payload);
    this.hasSettings = true;
    this.outbox.frame(Frame.SETTINGS, Flag.ACK, 0, NOTHING); // Before what it lets go.
    if (initialWindowBytes !== undefined) this.setPeerWindow(initialWindowBytes);
  }

  private setPeerWindow(bytes: number): void {
    const change = bytes - this.peerWindowBytes;
    this.peerWindowBytes = bytes;
    for (const exchange of [...this.exchanges.values()]) {
      try {
        exchange.widen(change);
      } catch {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window that is too large');
      }
    }
  }

  private takePing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw broken('a ping of a stream');
    if (payload.length !== PING_BYTES) throw badSize('PING');
    if (flags & Flag.ACK) return this.finishDrain();
    this.flood.spend();
    this.outbox.frame(Frame.PING, Flag.ACK, 0, payload);
  }

  private takePriority(id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw broken('a priority of no stream');
    if (end - start !== PRIORITY_BYTES) {
      throw new StreamError(id, ErrorCode.FRAME_SIZE_ERROR, 'PRIORITY of a wrong size');
    }
    this.flood.spend();
    refuseOwnDependency(id, bytes.readUInt32BE(start));
  }

  private creditConnection(bytes: number): void {
    this.receiveCredit += bytes;
    if (this.receiveCredit < CONNECTION_WINDOW_BYTES / 2) return;
    sendWindowUpdate(this.outbox, 0, this.receiveCredit);
    this.receiveWindow += this.receiveCredit;
    this.receiveCredit = 0;
  }

  private cutAll(): void {
    this.isOver = true;
    for (const exchange of [...this.exchanges.values()]) exchange.cut();
  }
}

const broken = (what: string): ConnectionError =>
  new ConnectionError(ErrorCode.PROTOCOL_ERROR, what);
const badSize = (what: string): ConnectionError =>
  new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${what} of a wrong size`);
const badLength = (id: number): StreamError =>
  new StreamError(id, ErrorCode.PROTOCOL_ERROR, 'a body that is not as long as declared');
