import { connect, type Socket } from 'node:net';
import { WrongAnswer } from '../benchmark';
import * as http2 from './frames';
import { FLAG, FRAME, SETTING } from './frames';
import { HEADER_TABLE_BYTES, type RequestHeaders } from './request-headers';
import { ResponseHeaders } from './response-headers';

/** As Go's client has it: no stream of ours receives more. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** The window is given back when a half of it is used. */
const WINDOW_BACK_AFTER_BYTES = CONNECTION_WINDOW_BYTES / 2;
const READ_BYTES = 256 * 1024;
/** Of a message: whether it is compressed, and its length. */
const MESSAGE_PREFIX_BYTES = 5;
const OPEN_LIMIT_MS = 5_000;
const STREAM_IDS_APART = 2;
const LAST_STREAM_ID = 2 ** 31 - 1;
/** Where the server sets no limit. */
const DEFAULT_MOST_STREAMS = 10_000;

export interface Listener {
  /**
   * The message of a call, in `bytes` from `from` to `to`, which are used again when this returns.
   * @throws WrongAnswer where it is another than it must be
   */
  message: (call: number, bytes: Buffer, from: number, to: number) => void;
  /** The call is over, its status OK, its one message told before. */
  done: (call: number, connection: GrpcConnection) => void;
  /** Anything else: the connection is of no use any more. */
  failed: (error: Error) => void;
}

interface Stream {
  call: number;
  isHeaded: boolean;
  hasMessage: boolean;
  /** What has come of a message that comes in pieces. */
  begun: Buffer | undefined;
}

/**
 * One HTTP/2 connection for unary gRPC calls that costs as little as one can: requests are written
 * as prepared bytes, several to a packet, and of the answers no more is unpacked than it takes to
 * see that each is complete, with status OK and its message whole.
 */
export class GrpcConnection {
  private readonly responses = new ResponseHeaders();
  private readonly streams = new Map<number, Stream>();
  private readonly waiting: { call: number; message: Buffer }[] = [];
  private left: Buffer | undefined;
  private nextStreamId = 1;
  private mostStreams = DEFAULT_MOST_STREAMS;
  private sendWindowBytes = http2.INITIAL_WINDOW_BYTES;
  private takenBytes = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly headers: RequestHeaders,
    private readonly listener: Listener,
    private readonly ready: () => void,
  ) {}

  /** Resolves when the server has said what it takes. */
  static open(
    { host, port }: { host: string; port: number },
    headers: RequestHeaders,
    listener: Listener,
  ): Promise<GrpcConnection> {
    return new Promise((resolve, reject) => {
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      const callback = (bytes: number) => {
        connection.read(buffer, bytes);
        return true;
      };
      const socket = connect({ host, port, noDelay: true, onread: { buffer, callback } });
      const connection: GrpcConnection = new GrpcConnection(socket, headers, listener, () =>
        resolve(connection),
      );
      const late = setTimeout(() => reject(new Error('no settings came')), OPEN_LIMIT_MS);
      late.unref();
      const lost = (error: Error) => {
        reject(error);
        listener.failed(error);
      };
      socket.on('error', lost).on('end', () => lost(new WrongAnswer('the server hung up')));
      socket.write(
        Buffer.concat([
          http2.PREFACE,
          http2.settingsFrame({
            [SETTING.ENABLE_PUSH]: 0,
            [SETTING.INITIAL_WINDOW_SIZE]: STREAM_WINDOW_BYTES,
          }),
          http2.windowUpdateFrame(CONNECTION_WINDOW_BYTES - http2.INITIAL_WINDOW_BYTES),
        ]),
      );
    });
  }

  /**
   * Calls at the next `flush`, or when the server takes more.
   * @param message with its prefix
   */
  call(call: number, message: Buffer): void {
    this.waiting.push({ call, message });
  }

  flush(): void {
    const { waiting, headers } = this;
    const room = this.mostStreams - this.streams.size;
    let count = 0;
    let bytes = 0;
    let messageBytes = 0;
    for (; count < waiting.length && count < room; count++) {
      const { length } = waiting[count]?.message ?? headers.later;
      if (messageBytes + length > this.sendWindowBytes) break;
      messageBytes += length;
      bytes += 2 * http2.FRAME_HEADER_BYTES + length;
      bytes += (this.nextStreamId === 1 && count === 0 ? headers.first : headers.later).length;
    }
    if (count === 0) return;
    this.sendWindowBytes -= messageBytes;
    const out = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (const { call, message } of waiting.splice(0, count)) {
      at = this.writeCall(out, at, call, message);
    }
    this.socket.write(out);
  }

  close(): void {
    this.socket.removeAllListeners('end').destroy();
  }

  private writeCall(out: Buffer, from: number, call: number, message: Buffer): number {
    const id = this.nextStreamId;
    if (id > LAST_STREAM_ID) throw new Error('a connection has no more streams');
    this.nextStreamId += STREAM_IDS_APART;
    this.streams.set(id, { call, isHeaded: false, hasMessage: false, begun: undefined });
    const block = id === 1 ? this.headers.first : this.headers.later;
    let at = http2.writeFrameHeader(out, from, block.length, FRAME.HEADERS, FLAG.END_HEADERS, id);
    at += block.copy(out, at);
    at = http2.writeFrameHeader(out, at, message.length, FRAME.DATA, FLAG.END_STREAM, id);
    return at + message.copy(out, at);
  }

  private read(buffer: Buffer, count: number): void {
    try {
      const { left } = this;
      if (!left) return this.readFrames(buffer, count);
      const both = Buffer.concat([left, buffer.subarray(0, count)]);
      this.readFrames(both, both.length);
    } catch (error) {
      this.close();
      this.listener.failed(error as Error);
    }
  }

  private readFrames(bytes: Buffer, end: number): void {
    let at = 0;
    while (end - at >= http2.FRAME_HEADER_BYTES) {
      const payloadBytes = bytes.readUIntBE(at, 3);
      const from = at + http2.FRAME_HEADER_BYTES;
      const to = from + payloadBytes;
      if (to > end) break;
      const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
      this.takeFrame(type, flags, bytes.readUInt32BE(at + 5), bytes, from, to);
      at = to;
    }
    this.left = at < end ? Buffer.from(bytes.subarray(at, end)) : undefined;
    this.giveWindowBack();
    this.flush();
  }

  private takeFrame(
    ...[type, flags, id, bytes, from, to]: [number, number, number, Buffer, number, number]
  ): void {
    if (type === FRAME.DATA) this.takeData(this.streamOf(id), flags, bytes, from, to);
    else if (type === FRAME.HEADERS) this.takeHeaders(id, flags, bytes.subarray(from, to));
    else if (type === FRAME.SETTINGS) this.takeSettings(flags, bytes.subarray(from, to));
    else if (type === FRAME.WINDOW_UPDATE) {
      if (id === 0) this.sendWindowBytes += bytes.readUInt32BE(from);
    } else if (type === FRAME.PING) {
      if ((flags & FLAG.ACK) === 0) {
        this.socket.write(
          http2.frameOf(FRAME.PING, FLAG.ACK, Buffer.from(bytes.subarray(from, to))),
        );
      }
    } else throw new WrongAnswer(`the server sent a frame of type ${type} on stream ${id}`);
  }

  private streamOf(id: number): Stream {
    const stream = this.streams.get(id);
    if (!stream) throw new WrongAnswer(`the server answered on stream ${id}, which is not open`);
    return stream;
  }

  private takeHeaders(id: number, flags: number, block: Buffer): void {
    const stream = this.streamOf(id);
    if ((flags & FLAG.END_HEADERS) === 0 || (flags & (FLAG.PADDED | FLAG.PRIORITY)) !== 0) {
      throw new WrongAnswer(`headers that are not read here: flags ${flags}`);
    }
    const heading = this.responses.read(block);
    const isLast = (flags & FLAG.END_STREAM) !== 0;
    if (!isLast) {
      const isGrpc = heading.contentType?.startsWith('application/grpc') ?? false;
      if (stream.isHeaded || heading.httpStatus !== '200' || !isGrpc) {
        throw new WrongAnswer(`the headers of an answer are ${JSON.stringify(heading)}`);
      }
      stream.isHeaded = true;
      return;
    }
    if (heading.grpcStatus !== '0') {
      const message = decodeURIComponent(heading.grpcMessage ?? '');
      throw new WrongAnswer(`gRPC status ${heading.grpcStatus}: ${message}`);
    }
    if (!stream.hasMessage || stream.begun) throw new WrongAnswer('an answer has no whole message');
    this.streams.delete(id);
    this.listener.done(stream.call, this);
  }

  private takeData(stream: Stream, flags: number, bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    this.takenBytes += to - from;
    if (!stream.isHeaded || (flags & (FLAG.END_STREAM | FLAG.PADDED)) !== 0) {
      throw new WrongAnswer(`data without headers, trailers or with padding: flags ${flags}`);
    }
    if (stream.begun) {
      const both = Buffer.concat([stream.begun, bytes.subarray(from, to)]);
      this.takeMessage(stream, both, 0, both.length);
    } else this.takeMessage(stream, bytes, from, to);
  }

  private takeMessage(stream: Stream, bytes: Buffer, from: number, to: number): void {
    const isWhole =
      to - from >= MESSAGE_PREFIX_BYTES &&
      to - from >= MESSAGE_PREFIX_BYTES + bytes.readUInt32BE(from + 1);
    if (!isWhole) {
      stream.begun = Buffer.from(bytes.subarray(from, to));
      return;
    }
    const isOne = to - from === MESSAGE_PREFIX_BYTES + bytes.readUInt32BE(from + 1);
    if (!isOne || stream.hasMessage || bytes[from] !== 0) {
      throw new WrongAnswer('an answer is not one message, uncompressed');
    }
    stream.hasMessage = true;
    stream.begun = undefined;
    this.listener.message(stream.call, bytes, from + MESSAGE_PREFIX_BYTES, to);
  }

  private takeSettings(flags: number, payload: Buffer): void {
    if ((flags & FLAG.ACK) !== 0) return;
    for (let at = 0; at < payload.length; at += 6) {
      const [id, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
      if (id === SETTING.MAX_CONCURRENT_STREAMS) this.mostStreams = value;
      // Requests are within what every server takes at first; of less none is told here.
      const isLess =
        (id === SETTING.HEADER_TABLE_SIZE && value < HEADER_TABLE_BYTES) ||
        (id === SETTING.INITIAL_WINDOW_SIZE && value < http2.INITIAL_WINDOW_BYTES);
      if (isLess) throw new Error(`the server takes less than usual: setting ${id} is ${value}`);
    }
    this.socket.write(http2.frameOf(FRAME.SETTINGS, FLAG.ACK, Buffer.alloc(0)));
    this.ready();
  }

  private giveWindowBack(): void {
    if (this.takenBytes < WINDOW_BACK_AFTER_BYTES) return;
    this.socket.write(http2.windowUpdateFrame(this.takenBytes));
    this.takenBytes = 0;
  }
}
