// HPACK (RFC 7541): from the bytes of a header block to its fields.
import { headerField, STATIC_FIELDS, type HeaderField } from './header-field';
import { huffmanText } from './huffman';
import { ConnectionError, DEFAULT_HEADER_TABLE_BYTES, ErrorCode } from './protocol';

/** An integer of more bytes is no length and no index of ours. */
const MAX_INTEGER_BYTES = 4;
/** A shorter field is read as fast as it is compared. */
const MIN_REMEMBERED_BYTES = 64;
const INDEXED = 0x80;
const WITH_INDEXING = 0x40;
const TABLE_SIZE = 0x20;
const HUFFMAN = 0x80;
const MORE = 0x80;

/** The decoder of one connection, with what the peer has put into its dynamic table. */
export class HeaderDecoder {
  /** The newest first. */
  private readonly dynamic: HeaderField[] = [];
  private dynamicBytes = 0;
  /** Of each name of the static table the last value that was not put into the other, as it came. */
  private readonly literals = new Map<number, { bytes: Buffer; field: HeaderField }>();
  private limitBytes = DEFAULT_HEADER_TABLE_BYTES;
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(private readonly maxListBytes: number) {}

  /**
   * The fields of a whole block; undefined where they are more than `maxListBytes`: the table then
   * stays right, so the connection can go on. Throws COMPRESSION_ERROR.
   */
  decode(bytes: Buffer, start: number, end: number): HeaderField[] | undefined {
    this.bytes = bytes.length === end ? bytes : bytes.subarray(0, end);
    this.at = start;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    while (this.at < end) {
      const field = this.next(listBytes === 0);
      if (!field) continue;
      listBytes += field.sizeBytes;
      if (listBytes <= this.maxListBytes) fields.push(field);
    }
    return listBytes <= this.maxListBytes ? fields : undefined;
  }

  /** @returns undefined where it was no field but a new size of the table */
  private next(isFirst: boolean): HeaderField | undefined {
    const first = this.byte();
    if (first & INDEXED) return this.fieldAt(this.integer(first, 7));
    if (first & WITH_INDEXING) return this.insert(this.literal(this.integer(first, 6)));
    if (!(first & TABLE_SIZE)) return this.literal(this.integer(first, 4));
    if (!isFirst) throw wrong('a new table size amid fields');
    this.resize(this.integer(first, 5));
    return undefined;
  }

  /**
   * Clients leave secrets (`authorization`) out of tables and send them with each call: the same
   * bytes as the last time are the same field.
   */
  private literal(nameIndex: number): HeaderField {
    if (nameIndex === 0) return headerField(this.text(), this.text());
    const { name } = this.fieldAt(nameIndex);
    const start = this.at;
    const last = nameIndex <= STATIC_FIELDS.length ? this.literals.get(nameIndex) : undefined;
    if (last && isAt(last.bytes, this.bytes, start)) {
      this.at += last.bytes.length;
      return last.field;
    }
    const field = headerField(name, this.text());
    if (nameIndex <= STATIC_FIELDS.length && field.sizeBytes >= MIN_REMEMBERED_BYTES) {
      const bytes = Buffer.from(this.bytes.subarray(start, this.at));
      this.literals.set(nameIndex, { bytes, field });
    }
    return field;
  }

  private fieldAt(index: number): HeaderField {
    const field =
      index <= STATIC_FIELDS.length
        ? STATIC_FIELDS[index - 1]
        : this.dynamic[index - STATIC_FIELDS.length - 1];
    if (!field) throw wrong('an index of no field');
    return field;
  }

  private insert(field: HeaderField): HeaderField {
    this.dynamic.unshift(field);
    this.dynamicBytes += field.sizeBytes;
    this.evict();
    return field;
  }

  private resize(limitBytes: number): void {
    if (limitBytes > DEFAULT_HEADER_TABLE_BYTES) throw wrong('a table larger than allowed');
    this.limitBytes = limitBytes;
    this.evict();
  }

  private evict(): void {
    while (this.dynamicBytes > this.limitBytes) {
      this.dynamicBytes -= this.dynamic.pop()?.sizeBytes ?? this.dynamicBytes;
    }
  }

  private text(): string {
    const first = this.byte();
    const length = this.integer(first, 7);
    const start = this.at;
    const end = start + length;
    if (end > this.bytes.length) throw wrong('a text longer than its block');
    this.at = end;
    return first & HUFFMAN
      ? huffmanText(this.bytes, start, end)
      : this.bytes.toString('latin1', start, end);
  }

  private integer(first: number, prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = first & mask;
    if (value < mask) return value;
    for (let read = 0; read < MAX_INTEGER_BYTES; read++) {
      const byte = this.byte();
      value += (byte & ~MORE) * 2 ** (7 * read);
      if (!(byte & MORE)) return value;
    }
    throw wrong('an integer that is too large');
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw wrong('a block that ends amid a field');
    return this.bytes.readUInt8(this.at++);
  }
}

const isAt = (part: Buffer, whole: Buffer, at: number): boolean =>
  whole.length - at >= part.length && part.compare(whole, at, at + part.length) === 0;

const wrong = (what: string): ConnectionError =>
  new ConnectionError(ErrorCode.COMPRESSION_ERROR, `a header block with ${what}`);
