import { PREFIX_BYTES } from './lean-grpc/message-reader';

/** A batch's answers fit; it grows to what the largest took. */
const FIRST_BYTES = 256 * 1024;
const MAX_VARINT_BYTES = 10;
const MAX_UTF8_BYTES_A_CHAR = 3;
const MORE = 0x80;
const BITS_A_BYTE = 7;
const ASCII = 0x7f;
const LENGTH_AT = 1;
const BITS_64 = 64;
const MAX_INT32 = 0x7fffffff;

/**
 * Writes protobuf into one buffer that is used again for each message. Tags are of one byte.
 * Messages within messages are written first and measured then.
 */
export class MessageWriter {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;

  /** A new message, with room for what gRPC puts before it. */
  reset(): void {
    this.at = PREFIX_BYTES;
  }

  /** An integer: a whole number, also below zero. */
  varint(tag: number, value: number): void {
    this.room(1 + MAX_VARINT_BYTES);
    this.bytes[this.at++] = tag;
    if (value >= 0) return this.unsigned(value);
    let left = BigInt.asUintN(BITS_64, BigInt(value));
    for (; left >= MORE; left >>= BigInt(BITS_A_BYTE)) {
      this.bytes[this.at++] = Number(left & BigInt(MORE - 1)) | MORE;
    }
    this.bytes[this.at++] = Number(left);
  }

  text(tag: number, text: string): void {
    const { length } = text;
    this.room(1 + MAX_VARINT_BYTES + length * MAX_UTF8_BYTES_A_CHAR);
    const { bytes, at } = this;
    // Mostly it is ASCII, and its length is one byte.
    const written = length < MORE ? bytes.write(text, at + 2) : -1;
    if (written !== length) return this.longText(tag, text);
    bytes[at] = tag;
    bytes[at + 1] = length;
    this.at = at + 2 + length;
  }

  /** @returns what `end` needs to know */
  begin(tag: number): number {
    this.room(2);
    this.bytes[this.at++] = tag;
    return ++this.at; // Its length, mostly in one byte.
  }

  end(start: number): void {
    const length = this.at - start;
    if (length < MORE) {
      this.bytes[start - 1] = length;
      return;
    }
    this.room(MAX_VARINT_BYTES);
    const moved = lengthBytes(length) - 1;
    this.bytes.copyWithin(start + moved, start, this.at);
    this.at = start - 1;
    this.unsigned(length);
    this.at += length;
  }

  /** The message as gRPC frames it: not compressed, behind its length. */
  prefixed(): Buffer {
    const message = Buffer.allocUnsafe(this.at);
    this.bytes.copy(message, 0, 0, this.at);
    message[0] = 0;
    message.writeUInt32BE(this.at - PREFIX_BYTES, LENGTH_AT);
    return message;
  }

  private longText(tag: number, text: string): void {
    this.bytes[this.at++] = tag;
    this.unsigned(Buffer.byteLength(text));
    this.at += this.bytes.write(text, this.at);
  }

  private unsigned(value: number): void {
    const { bytes } = this;
    let { at } = this;
    let left = value;
    // Beyond 32 bits there are no operations on bits.
    for (; left > MAX_INT32; left = Math.floor(left / MORE)) bytes[at++] = (left % MORE) | MORE;
    for (; left >= MORE; left >>>= BITS_A_BYTE) bytes[at++] = (left & ASCII) | MORE;
    bytes[at++] = left;
    this.at = at;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

function lengthBytes(length: number): number {
  let bytes = 1;
  for (let left = length; left >= MORE; left = Math.floor(left / MORE)) bytes++;
  return bytes;
}
