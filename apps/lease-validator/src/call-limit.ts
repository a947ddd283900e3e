import { status as GrpcStatus, type Deadline } from '@grpc/grpc-js';
import { wallClockMs } from '@numbering/platform';
import { grpcError } from './lease-answer';

/** What a door needs to know of a call. */
export interface Call {
  cancelled: boolean;
  getDeadline(): Deadline;
}

/**
 * Nobody waits for the answer any more: no store is asked for it. (gRPC itself has told the caller,
 * but does not stop the handler.)
 */
export function stopWhenNobodyWaits(call: Call): void {
  if (call.cancelled) throw grpcError(GrpcStatus.CANCELLED, 'the caller has gone');
  if (Number(call.getDeadline()) <= wallClockMs()) {
    throw grpcError(GrpcStatus.DEADLINE_EXCEEDED, 'the deadline has passed');
  }
}
