import type { status as GrpcStatus } from '@grpc/grpc-js';

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
