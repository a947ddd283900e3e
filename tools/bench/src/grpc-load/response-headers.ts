import { decompressor } from 'hpack.js';
import { HEADER_TABLE_BYTES } from './request-headers';

/** What the headers of an answer come to. */
export interface Heading {
  /** Undefined in trailers. */
  httpStatus?: string;
  contentType?: string;
  /** Undefined in headers that a message follows. */
  grpcStatus?: string;
  grpcMessage?: string;
}

/** Blocks that are remembered: equal answers have equal ones, but for those that say the time. */
const MAX_REMEMBERED = 100;

/**
 * Reads header blocks of one connection in their order. A block that was read before, since the
 * table last changed, and that does not change it itself, means what it meant then.
 */
export class ResponseHeaders {
  private readonly hpack = decompressor.create({ table: { maxSize: HEADER_TABLE_BYTES } });
  private readonly remembered = new Map<string, Heading>();

  read(block: Buffer): Heading {
    const key = block.toString('latin1');
    const known = this.remembered.get(key);
    if (known) return known;
    const heading = this.decode(block);
    if (changesTable(block) || this.remembered.size >= MAX_REMEMBERED) this.remembered.clear();
    else this.remembered.set(key, heading);
    return heading;
  }

  private decode(block: Buffer): Heading {
    this.hpack.write(Buffer.from(block));
    this.hpack.execute();
    const fields = new Map<string, string>();
    for (let field = this.hpack.read(); field !== null; field = this.hpack.read()) {
      fields.set(field.name, field.value);
    }
    return {
      httpStatus: fields.get(':status'),
      contentType: fields.get('content-type'),
      grpcStatus: fields.get('grpc-status'),
      grpcMessage: fields.get('grpc-message'),
    };
  }
}

const INDEXED = 0x80;
const TO_TABLE = 0x40;
const TABLE_SIZE = 0x20;
const FOUR_BITS = 0x0f;
const SEVEN_BITS = 0x7f;

/** Whether a block puts anything into the table, or changes its size (RFC 7541, 6). */
export function changesTable(block: Buffer): boolean {
  let at = 0;
  /** Behind an integer whose first byte has so many bits of it. */
  const behindInteger = (from: number, mask: number): [value: number, next: number] => {
    let value = (block[from] ?? 0) & mask;
    let next = from + 1;
    if (value < mask) return [value, next];
    for (let shift = 0; next < block.length; shift += 7) {
      const byte = block[next++] ?? 0;
      value += (byte & SEVEN_BITS) << shift;
      if (byte < INDEXED) break;
    }
    return [value, next];
  };
  const behindText = (from: number): number => {
    const [bytes, next] = behindInteger(from, SEVEN_BITS);
    return next + bytes;
  };
  while (at < block.length) {
    const first = block[at] ?? 0;
    if (first >= INDEXED) [, at] = behindInteger(at, SEVEN_BITS);
    else if (first & (TO_TABLE | TABLE_SIZE)) return true;
    else {
      const [name, next] = behindInteger(at, FOUR_BITS);
      at = behindText(name === 0 ? behindText(next) : next);
    }
  }
  return false;
}
