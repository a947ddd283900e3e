import { paddingOf } from './control-frames';
import { HeaderDecoder } from './header-decoder';
import type { HeaderField } from './header-field';
import { ConnectionError, ErrorCode, Flag, PRIORITY_BYTES, STREAM_ID_MASK } from './protocol';

/** HEADERS and its CONTINUATIONs. */
const MAX_BLOCK_BYTES = 64 * 1024;
const MAX_BLOCK_FRAMES = 16;

/** @param fields undefined where they are more than are taken */
export type TakeFields = (
  streamId: number,
  isEnd: boolean,
  fields: HeaderField[] | undefined,
) => void;

interface Block {
  streamId: number;
  isEnd: boolean;
  parts: Buffer[];
  bytes: number;
}

/** Puts header blocks together from HEADERS and CONTINUATION, and reads them. */
export class HeaderBlocks {
  private readonly decoder: HeaderDecoder;
  private block: Block | undefined;

  constructor(
    maxListBytes: number,
    private readonly take: TakeFields,
  ) {
    this.decoder = new HeaderDecoder(maxListBytes);
  }

  /** A block that has begun may be followed by nothing but its continuation. */
  get isAmid(): boolean {
    return this.block !== undefined;
  }

  begin(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id % 2 === 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a stream of an even number');
    }
    let from = start;
    let to = end;
    if (flags & Flag.PADDED) {
      to -= paddingOf(bytes, start, end);
      from++;
    }
    if (flags & Flag.PRIORITY) {
      if (from + PRIORITY_BYTES > to) {
        throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS of a wrong size');
      }
      refuseOwnDependency(id, bytes.readUInt32BE(from));
      from += PRIORITY_BYTES;
    }
    const isEnd = (flags & Flag.END_STREAM) !== 0;
    if (flags & Flag.END_HEADERS) {
      this.take(id, isEnd, this.decoder.decode(bytes, from, to));
      return;
    }
    const first = Buffer.from(bytes.subarray(from, to));
    this.block = { streamId: id, isEnd, parts: [first], bytes: first.length };
  }

  continue(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const { block } = this;
    if (!block || block.streamId !== id) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a continuation of nothing');
    }
    block.parts.push(Buffer.from(bytes.subarray(start, end)));
    block.bytes += end - start;
    if (block.bytes > MAX_BLOCK_BYTES || block.parts.length > MAX_BLOCK_FRAMES) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header block without end');
    }
    if (!(flags & Flag.END_HEADERS)) return;
    this.block = undefined;
    this.take(id, block.isEnd, this.decoder.decode(Buffer.concat(block.parts), 0, block.bytes));
  }
}

export function refuseOwnDependency(streamId: number, dependency: number): void {
  if ((dependency & STREAM_ID_MASK) !== streamId) return;
  throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a stream that depends on itself');
}
