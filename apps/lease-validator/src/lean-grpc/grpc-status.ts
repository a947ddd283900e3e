// How a call ends: status, message and metadata, as HTTP/2 carries them.
import { status as GrpcStatus, type Metadata, type StatusObject } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import { literalField } from './header-block';

export type Ending = Pick<StatusObject, 'code' | 'details'> & { metadata?: Metadata | null };

/** The trailers of nearly every call. */
const OK_TRAILERS = literalField('grpc-status', '0');

const NOT_PRINTABLE = /[^ -$&-~]/;

/** What may not stand in a header is written as %XX of its UTF-8 (gRPC over HTTP/2). */
export function percentEncoded(text: string): string {
  if (!NOT_PRINTABLE.test(text)) return text;
  const bytes = Buffer.from(text.toWellFormed());
  let encoded = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    encoded += NOT_PRINTABLE.test(character)
      ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
      : character;
  }
  return encoded;
}

/** The block of trailers, or what a call that ends without a message has in its headers. */
export function trailersOf({ code, details, metadata }: Ending): Buffer {
  if (code === GrpcStatus.OK && !metadata) return OK_TRAILERS;
  const fields = [literalField('grpc-status', String(code))];
  if (details !== '') fields.push(literalField('grpc-message', percentEncoded(details)));
  if (metadata) fields.push(metadataBlock(metadata));
  return Buffer.concat(fields);
}

export function metadataBlock(metadata: Metadata): Buffer {
  const fields = Object.entries(metadata.toHttp2Headers()).flatMap(([name, value]) =>
    [value].flat().map((each) => literalField(name, String(each))),
  );
  return Buffer.concat(fields);
}

/** As @grpc/grpc-js reads what a handler throws or passes on, and Nest what a controller throws. */
export function endingOf(error: unknown): Ending {
  const told: unknown = error instanceof RpcException ? error.getError() : error;
  if (typeof told !== 'object' || told === null || !('code' in told) || !isCode(told.code)) {
    return { code: GrpcStatus.UNKNOWN, details: 'Internal server error' };
  }
  const { code, details, message, metadata } = told as Partial<Ending> & { message?: unknown };
  const text = typeof details === 'string' ? details : message;
  return { code: code ?? GrpcStatus.UNKNOWN, details: String(text ?? ''), metadata };
}

const isCode = (code: unknown): code is GrpcStatus => Number.isInteger(code);
