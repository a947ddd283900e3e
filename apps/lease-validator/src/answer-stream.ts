import { status as GrpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import type { Log } from '@numbering/platform';
import { leftMs, type Admission, type Admitted } from './admission';
import { stopWhenNobodyWaits } from './call-limit';
import { grpcError, questionOf, rpcExceptionOf } from './lease-answer';
import type { ValidateLeaseRequest, ValidateLeaseResponse } from './lease-answer';
import type { LeaseJudge } from './lease-judge';

/** A stream ends after this long, so that load spreads over replicas that came later. */
export const MAX_STREAM_AGE_MS = 600_000;

type LeaseStream = ServerDuplexStream<ValidateLeaseRequest, ValidateLeaseResponse>;

/** The open streams of a process. */
export class AnswerStreams {
  private readonly enders = new Set<(why: RpcException) => void>();

  constructor(
    private readonly admission: Admission,
    private readonly judge: LeaseJudge,
    private readonly log: Log,
  ) {}

  /**
   * Answers each question before it takes the next, so that a caller may wait for each answer or
   * for none. The stream ends with the caller's, at the end of the token (UNAUTHENTICATED), at
   * its maximal age or the process's end (UNAVAILABLE), at a malformed item (INVALID_ARGUMENT,
   * with its index). Resolves then and never rejects: a rejection would end the process.
   */
  async answer(call: LeaseStream): Promise<void> {
    let isOver = false;
    const end = (why?: RpcException): void => {
      if (isOver) return;
      isOver = true;
      if (why) call.emit('error', why.getError());
      else call.end();
    };
    // gRPC does not end the reading, neither when the caller has gone nor when the status is sent.
    call.on('cancelled', () => call.destroy());
    call.on('finish', () => call.destroy());
    this.enders.add(end);
    let limit: NodeJS.Timeout | undefined;
    try {
      const admitted = await this.admission.admit(call.metadata);
      limit = endAt(admitted, end);
      await this.answerEach(call, () => isOver);
      end();
    } catch (error) {
      if (!call.cancelled) end(this.toldOf(error));
    } finally {
      clearTimeout(limit);
      this.enders.delete(end);
    }
  }

  /** How many are open now. */
  get open(): number {
    return this.enders.size;
  }

  /** The process ends: each stream is told to go on elsewhere. */
  endAll(): void {
    const why = grpcError(GrpcStatus.UNAVAILABLE, 'this replica is shutting down; open another');
    for (const end of [...this.enders]) end(why);
  }

  private async answerEach(call: LeaseStream, isOver: () => boolean): Promise<void> {
    let index = 0;
    // Leaving the loop must not destroy the stream: its status is still to be sent.
    for await (const request of call.iterator({ destroyOnReturn: false })) {
      if (isOver()) return;
      stopWhenNobodyWaits(call);
      const answer = await this.judge.answer(questionOf(request as ValidateLeaseRequest, index));
      if (isOver()) return;
      if (!call.write(answer)) await drained(call);
      index++;
    }
  }

  private toldOf(error: unknown): RpcException {
    const told = rpcExceptionOf(error);
    if (isFault(told)) this.log.error({ err: error }, 'a stream failed');
    return told;
  }
}

function endAt(admitted: Admitted, end: (why: RpcException) => void): NodeJS.Timeout {
  const ofToken = leftMs(admitted);
  const why =
    ofToken < MAX_STREAM_AGE_MS
      ? grpcError(GrpcStatus.UNAUTHENTICATED, 'the token has expired')
      : grpcError(GrpcStatus.UNAVAILABLE, 'the stream has reached its age; open another');
  return setTimeout(() => end(why), Math.min(ofToken, MAX_STREAM_AGE_MS)).unref();
}

/** The caller reads more slowly than it asks: its next question waits. */
const drained = (call: LeaseStream): Promise<void> =>
  new Promise((resolve) => {
    if (call.destroyed) return resolve(); // The caller has gone meanwhile: nothing drains any more.
    const go = (): void => {
      call.off('drain', go).off('close', go);
      resolve();
    };
    call.on('drain', go).on('close', go);
  });

const isFault = (error: RpcException): boolean => {
  const told = error.getError();
  return typeof told === 'object' && 'code' in told && told.code === GrpcStatus.INTERNAL;
};
