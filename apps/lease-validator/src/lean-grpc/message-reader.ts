import { status as GrpcStatus } from '@grpc/grpc-js';
import { CallError } from './call-error';

/** Before each message: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;
const LENGTH_AT = 1;
const COMPRESSED = 1;

export interface Message {
  isCompressed: boolean;
  bytes: Buffer;
}

/** Puts the messages of one call together from the data frames that they come in. */
export class MessageReader {
  private parts: Buffer[] = [];
  private keptBytes = 0;
  private neededBytes = PREFIX_BYTES;

  constructor(private readonly maxMessageBytes: number) {}

  /** Whether the data so far ends amid a message. */
  get isAmid(): boolean {
    return this.keptBytes > 0;
  }

  /** Throws RESOURCE_EXHAUSTED for a message that says it is too long, before it is read. */
  push(bytes: Buffer): Message[] {
    this.parts.push(bytes);
    this.keptBytes += bytes.length;
    const messages: Message[] = [];
    while (this.keptBytes >= this.neededBytes) {
      const joined = this.joined();
      this.neededBytes = PREFIX_BYTES + this.lengthOf(joined);
      if (joined.length < this.neededBytes) break;
      messages.push({
        isCompressed: compressionOf(joined),
        bytes: joined.subarray(PREFIX_BYTES, this.neededBytes),
      });
      const rest = joined.subarray(this.neededBytes);
      this.parts = rest.length > 0 ? [rest] : [];
      this.keptBytes = rest.length;
      this.neededBytes = PREFIX_BYTES;
    }
    return messages;
  }

  private joined(): Buffer {
    const [first] = this.parts;
    const joined = first && this.parts.length === 1 ? first : Buffer.concat(this.parts);
    this.parts = [joined];
    return joined;
  }

  private lengthOf(joined: Buffer): number {
    const length = joined.readUInt32BE(LENGTH_AT);
    if (length > this.maxMessageBytes) {
      throw new CallError(
        GrpcStatus.RESOURCE_EXHAUSTED,
        `Received message larger than max (${length} vs ${this.maxMessageBytes})`,
      );
    }
    return length;
  }
}

function compressionOf(joined: Buffer): boolean {
  const flag = joined.readUInt8(0);
  if (flag > COMPRESSED) throw new CallError(GrpcStatus.INTERNAL, 'an unknown compression flag');
  return flag === COMPRESSED;
}
