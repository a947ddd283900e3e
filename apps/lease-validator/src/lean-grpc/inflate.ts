import { promisify } from 'node:util';
import { gunzip, inflate, type InputType, type ZlibOptions } from 'node:zlib';
import { status as GrpcStatus } from '@grpc/grpc-js';
import { CallError } from './call-error';

type Inflate = (bytes: InputType, options: ZlibOptions) => Promise<Buffer>;
const INFLATES: Readonly<Record<string, Inflate>> = {
  gzip: promisify<InputType, ZlibOptions, Buffer>(gunzip),
  deflate: promisify<InputType, ZlibOptions, Buffer>(inflate),
};

/** A compressed message as it was; rejects with the status of a call that cannot be read. */
export async function inflated(
  bytes: Buffer,
  encoding: string | undefined,
  maxMessageBytes: number,
): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') {
    throw new CallError(GrpcStatus.INTERNAL, 'a compressed message of no grpc-encoding');
  }
  const inflateAll = INFLATES[encoding];
  if (!inflateAll) {
    const details = `Received message compressed with unsupported encoding "${encoding}"`;
    throw new CallError(GrpcStatus.UNIMPLEMENTED, details);
  }
  try {
    return await inflateAll(bytes, { maxOutputLength: maxMessageBytes });
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLong
      ? new CallError(
          GrpcStatus.RESOURCE_EXHAUSTED,
          `Received message that decompresses to a size larger than ${maxMessageBytes}`,
        )
      : new CallError(GrpcStatus.INTERNAL, 'Failed to decompress message');
  }
}
