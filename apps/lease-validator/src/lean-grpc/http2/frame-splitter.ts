import {
  ConnectionError,
  ErrorCode,
  FRAME_HEADER_BYTES,
  MAX_FRAME_BYTES,
  PREFACE,
  STREAM_ID_MASK,
} from './protocol';

/** One frame: its payload is `bytes` from `start` to `end`, valid during the call alone. */
export type TakeFrame = (
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) => void;

const PAYLOAD_LENGTH_SHIFT = 8;

/** Cuts what a socket reads into frames, after the preface. Remembers less than one frame. */
export class FrameSplitter {
  private rest: Buffer | undefined;
  private isBegun = false;

  constructor(private readonly take: TakeFrame) {}

  /** Throws `ConnectionError` where the bytes are no HTTP/2, or what `take` throws. */
  push(chunk: Buffer): void {
    const bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    this.rest = undefined;
    let at = this.isBegun ? 0 : this.begin(bytes);
    while (this.isBegun && bytes.length - at >= FRAME_HEADER_BYTES) {
      const word = bytes.readUInt32BE(at);
      const length = word >>> PAYLOAD_LENGTH_SHIFT;
      if (length > MAX_FRAME_BYTES) {
        throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a frame that is too large');
      }
      const start = at + FRAME_HEADER_BYTES;
      if (start + length > bytes.length) break;
      const flags = bytes.readUInt8(at + 4);
      const streamId = bytes.readUInt32BE(at + 5) & STREAM_ID_MASK;
      at = start + length;
      this.take(word & 0xff, flags, streamId, bytes, start, at);
    }
    if (at < bytes.length) this.rest = bytes.subarray(at);
  }

  /** @returns where the first frame begins */
  private begin(bytes: Buffer): number {
    const known = Math.min(bytes.length, PREFACE.length);
    if (PREFACE.compare(bytes, 0, known, 0, known) !== 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'no preface of HTTP/2');
    }
    if (bytes.length < PREFACE.length) return 0;
    this.isBegun = true;
    return PREFACE.length;
  }
}
