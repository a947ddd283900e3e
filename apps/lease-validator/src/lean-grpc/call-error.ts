import { status as GrpcStatus } from '@grpc/grpc-js';

/** A call that ends with a status because of how it was made. */
export class CallError extends Error {
  constructor(
    readonly code: GrpcStatus,
    readonly details: string,
  ) {
    super(details);
    this.name = 'CallError';
  }
}

/** One connection's calls keep too much that is not whole, or not taken yet. */
export const keptTooMuch = (): CallError =>
  new CallError(GrpcStatus.RESOURCE_EXHAUSTED, 'too many messages at once on this connection');
