import { status as GrpcStatus } from '@grpc/grpc-js';
import { wallClockMs } from '@numbering/platform';
import { CallError } from './call-error';
import { FieldMetadata } from './call-metadata';
import { trailersOf, type Ending } from './grpc-status';
import { timeoutMs } from './grpc-timeout';
import { ANSWER_HEADERS } from './header-block';
import type { Exchange } from './http2/exchange';
import type { RequestHead } from './http2/request-head';

/** A longer timer would ring at once. */
const MAX_TIMER_MS = 0x7fffffff;

/** What calls of all kinds have: their limit, and how their answer begins and ends. */
export class Answering {
  readonly fields: FieldMetadata;
  /** Unix milliseconds; Infinity without `grpc-timeout`. */
  readonly deadlineMs: number;
  isOver = false;
  private areHeadersSent = false;
  private timer: NodeJS.Timeout | undefined;

  /** Throws where `grpc-timeout` is none. */
  constructor(
    readonly exchange: Exchange,
    head: RequestHead,
  ) {
    this.fields = new FieldMetadata(head.fields);
    this.deadlineMs = head.timeout === undefined ? Infinity : deadlineOf(head.timeout);
  }

  /** @param tell what a caller is told whose time is up, beside its status */
  armDeadline(tell: () => void): void {
    if (this.deadlineMs === Infinity || this.isOver || this.timer) return;
    const leftMs = Math.max(this.deadlineMs - wallClockMs(), 0);
    if (leftMs > MAX_TIMER_MS) return;
    this.timer = setTimeout(() => {
      this.end({ code: GrpcStatus.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
      tell();
    }, leftMs);
  }

  /** The headers, before the first message. @param extra a handler's own metadata */
  begin(extra?: Buffer): void {
    if (this.areHeadersSent || this.isOver) return;
    this.areHeadersSent = true;
    this.exchange.headers(extra ? Buffer.concat([ANSWER_HEADERS, extra]) : ANSWER_HEADERS);
  }

  /** The status, once; without a message before it, in the headers themselves. */
  end(ending: Ending): void {
    if (this.isOver) return;
    const trailers = trailersOf(ending);
    if (this.areHeadersSent) this.exchange.end(trailers);
    else this.exchange.headers(Buffer.concat([ANSWER_HEADERS, trailers]), true);
    this.stop();
  }

  /** Nothing more is sent, and nobody waits. */
  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }
}

function deadlineOf(timeout: string): number {
  const leftMs = timeoutMs(timeout);
  if (leftMs === undefined) {
    throw new CallError(GrpcStatus.INTERNAL, `Invalid grpc-timeout value "${timeout}"`);
  }
  return wallClockMs() + leftMs;
}
