// How protobuf writes integers and fields (protobuf.dev, Encoding), as far as it is read here.

/** Where a message is being read. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

const MORE = 0x80;
const LOW_BITS = 0x7f;
const BITS_A_BYTE = 7;
const MAX_VARINT_BYTES = 10;
const MAX_UINT32 = 0xffffffff;
const WIRE_TYPE = 0x7;
const NUMBER_SHIFT = 3;
/** Groups within groups of a field that nobody knows. */
const MAX_DEPTH = 32;
const WireType = { VARINT: 0, FIXED64: 1, LENGTH: 2, GROUP: 3, GROUP_END: 4, FIXED32: 5 } as const;
const FIXED64_BYTES = 8;
const FIXED32_BYTES = 4;

/** A tag or a length; throws where it is no unsigned integer of 32 bits before `end`. */
export function varint(cursor: Cursor, end: number): number {
  let value = 0;
  for (let read = 0, scale = 1; read < MAX_VARINT_BYTES; read++, scale *= 2 ** BITS_A_BYTE) {
    if (cursor.at >= end) throw new Error('an integer that has no end');
    const byte = cursor.bytes[cursor.at++] ?? 0;
    value += (byte & LOW_BITS) * scale;
    if (byte < MORE) {
      if (value > MAX_UINT32) throw new Error('an integer that is too large');
      return value;
    }
  }
  throw new Error('an integer that is too long');
}

/** Leaves out a field that is not known. */
export function skipField(cursor: Cursor, tag: number, end: number, depth = 0): void {
  if (tag >>> NUMBER_SHIFT === 0) throw new Error('a field of number 0');
  switch (tag & WIRE_TYPE) {
    case WireType.VARINT:
      return skipVarint(cursor, end);
    case WireType.FIXED64:
      return advance(cursor, FIXED64_BYTES, end);
    case WireType.FIXED32:
      return advance(cursor, FIXED32_BYTES, end);
    case WireType.LENGTH:
      return advance(cursor, varint(cursor, end), end);
    case WireType.GROUP:
      return skipGroup(cursor, tag, end, depth);
    default:
      throw new Error('a field of no known wire type');
  }
}

function skipGroup(cursor: Cursor, tag: number, end: number, depth: number): void {
  if (depth >= MAX_DEPTH) throw new Error('groups that are too deep');
  for (;;) {
    const inner = varint(cursor, end);
    if ((inner & WIRE_TYPE) === WireType.GROUP_END) {
      if (inner >>> NUMBER_SHIFT !== tag >>> NUMBER_SHIFT) throw new Error('groups that cross');
      return;
    }
    skipField(cursor, inner, end, depth + 1);
  }
}

function skipVarint(cursor: Cursor, end: number): void {
  for (let read = 0; read < MAX_VARINT_BYTES; read++) {
    if (cursor.at >= end) throw new Error('an integer that has no end');
    if ((cursor.bytes[cursor.at++] ?? 0) < MORE) return;
  }
  throw new Error('an integer that is too long');
}

function advance(cursor: Cursor, bytes: number, end: number): void {
  cursor.at += bytes;
  if (cursor.at > end) throw new Error('a field that is longer than its message');
}
