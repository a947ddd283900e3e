/** A server that says nothing else keeps so much of what it was told (RFC 7541). */
export const HEADER_TABLE_BYTES = 4_096;
const ENTRY_OVERHEAD_BYTES = 32;
const STATIC_ENTRIES = 61;
const METHOD_POST = 0x83;
const SCHEME_HTTP = 0x86;
const NEW_NAME_TO_TABLE = 0x40;
const INDEXED = 0x80;
const SEVEN_BITS = 127;

/**
 * The headers of a unary call, the same for each, as callers in Go and C++ send them: written out
 * and put into the connection's table by its first call, named by their place there by later ones.
 */
export class RequestHeaders {
  readonly first: Buffer;
  readonly later: Buffer;

  /** @param headers all but `:method` and `:scheme`, in their order */
  constructor(headers: readonly (readonly [name: string, value: string])[]) {
    const pseudo = Buffer.from([METHOD_POST, SCHEME_HTTP]);
    const written = headers.map(([name, value]) =>
      Buffer.concat([Buffer.from([NEW_NAME_TO_TABLE]), textOf(name), textOf(value)]),
    );
    const tableBytes = headers
      .map(([name, value]) => name.length + value.length + ENTRY_OVERHEAD_BYTES)
      .reduce((sum, bytes) => sum + bytes, 0);
    if (tableBytes > HEADER_TABLE_BYTES) throw new Error('the headers are larger than the table');
    this.first = Buffer.concat([pseudo, ...written]);
    // The newest entry comes first.
    const places = headers.map((_, nth) => INDEXED | (STATIC_ENTRIES + headers.length - nth));
    this.later = Buffer.concat([pseudo, Buffer.from(places)]);
  }
}

/** A length in HPACK's integers of seven bits, and the text as it is. */
function textOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < SEVEN_BITS) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [SEVEN_BITS];
  let rest = bytes.length - SEVEN_BITS;
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}
