import type { MethodDefinition } from '@grpc/grpc-js';
import type { CallMetadata } from './call-metadata';
import type { StreamCall } from './stream-call';
import { PREFIX_BYTES } from './message-reader';

export interface MessageLimits {
  maxReceiveBytes: number;
  maxSendBytes: number;
}

/** What a handler may know of its call. */
export interface LeanCall {
  readonly cancelled: boolean;
  getDeadline(): number;
}

export type AnswerUnary<Request, Response> = (
  request: Request,
  metadata: CallMetadata,
  call: LeanCall,
) => Response | Promise<Response>;

/** Reads and writes the messages of one method. */
export interface Codec<Request, Response> {
  /** Throws where the bytes are no message. They are valid during the call alone. */
  decode(bytes: Buffer, start: number, end: number): Request;
  /** The message behind its prefix. */
  encode(response: Response): Buffer;
}

interface Common {
  path: string;
  codec: Codec<unknown, unknown>;
}
export type Method =
  | (Common & { kind: 'unary'; answer: AnswerUnary<unknown, unknown> })
  | (Common & { kind: 'server-stream' | 'bidi'; open: (call: StreamCall) => unknown });

/** The messages as a definition of @grpc/proto-loader reads and writes them. */
export function codecOf(definition: MethodDefinition<unknown, unknown>): Codec<unknown, unknown> {
  return {
    decode: (bytes, start, end) => definition.requestDeserialize(bytes.subarray(start, end)),
    encode: (response) => prefixed(definition.responseSerialize(response)),
  };
}

export function prefixed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}
