import { status as GrpcStatus } from '@grpc/grpc-js';
import { Answering } from './answering';
import { CallError, keptTooMuch } from './call-error';
import { endingOf, trailersOf } from './grpc-status';
import type { Exchange, Receiver } from './http2/exchange';
import type { RequestHead } from './http2/request-head';
import { inflated } from './inflate';
import { MessageReader, PREFIX_BYTES, type Message } from './message-reader';
import type { LeanCall, MessageLimits, Method } from './method';

const OK_TRAILERS = trailersOf({ code: GrpcStatus.OK, details: '' });
const LENGTH_AT = 1;

/**
 * A call of one question and one answer. Where the question comes in one frame, and its answer is
 * known at once, neither a buffer, a timer nor a promise is made for it.
 */
export class UnaryCall implements Receiver, LeanCall {
  cancelled = false;
  private readonly answering: Answering;
  private readonly encoding: string | undefined;
  private reader: MessageReader | undefined;
  private message: Message | undefined;

  constructor(
    private readonly exchange: Exchange,
    head: RequestHead,
    private readonly method: Method & { kind: 'unary' },
    private readonly limits: MessageLimits,
  ) {
    this.answering = new Answering(exchange, head);
    this.encoding = head.encoding;
    // Mostly the question has been read by then, and answered.
    if (head.timeout !== undefined) {
      queueMicrotask(() => this.answering.armDeadline(() => (this.cancelled = true)));
    }
  }

  getDeadline(): number {
    return this.answering.deadlineMs;
  }

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (this.answering.isOver) return;
    try {
      if (isEnd && !this.reader && this.isOnePlain(bytes, start, end)) {
        return this.answer(bytes, start + PREFIX_BYTES, end);
      }
      this.exchange.consumed(end - start);
      if (!this.exchange.keep(end - start)) throw keptTooMuch();
      this.gather(Buffer.from(bytes.subarray(start, end)));
      if (isEnd) this.answerGathered();
    } catch (error) {
      this.fail(error);
    }
  }

  onDrain(): void {} // The trailers follow by themselves.

  onCancel(): void {
    this.cancelled = true;
    this.answering.stop();
  }

  private isOnePlain(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start - PREFIX_BYTES;
    return (
      length >= 0 &&
      length <= this.limits.maxReceiveBytes &&
      bytes.readUInt8(start) === 0 &&
      bytes.readUInt32BE(start + LENGTH_AT) === length
    );
  }

  private gather(bytes: Buffer): void {
    this.reader ??= new MessageReader(this.limits.maxReceiveBytes);
    for (const message of this.reader.push(bytes)) {
      if (this.message) throw this.wrongCount('a second');
      this.message = message;
    }
  }

  private answerGathered(): void {
    const { message } = this;
    if (!message) throw this.wrongCount('no');
    if (this.reader?.isAmid) throw this.wrongCount('half a');
    if (!message.isCompressed) return this.answer(message.bytes, 0, message.bytes.length);
    this.whenThere(
      inflated(message.bytes, this.encoding, this.limits.maxReceiveBytes).then((bytes) =>
        this.answer(bytes, 0, bytes.length),
      ),
    );
  }

  private wrongCount(what: string): CallError {
    return new CallError(
      GrpcStatus.UNIMPLEMENTED,
      `Received ${what} request message for method ${this.method.path}`,
    );
  }

  private answer(bytes: Buffer, start: number, end: number): void {
    const { answer, codec } = this.method;
    let request: unknown;
    try {
      request = codec.decode(bytes, start, end);
    } catch {
      throw new CallError(GrpcStatus.INTERNAL, 'Error deserializing request');
    }
    const answered = answer(request, this.answering.fields, this);
    if (answered instanceof Promise) {
      this.whenThere(answered.then((response) => this.reply(response)));
    } else {
      this.reply(answered);
    }
  }

  private reply(response: unknown): void {
    if (this.answering.isOver) return;
    const bytes = this.method.codec.encode(response);
    const { maxSendBytes } = this.limits;
    if (bytes.length - PREFIX_BYTES > maxSendBytes) {
      throw new CallError(
        GrpcStatus.RESOURCE_EXHAUSTED,
        `Sent message larger than max (${bytes.length} vs. ${maxSendBytes})`,
      );
    }
    this.answering.begin();
    this.exchange.data(bytes);
    this.exchange.end(OK_TRAILERS);
    this.answering.stop();
  }

  private whenThere(work: Promise<void>): void {
    work.catch((error: unknown) => this.fail(error));
  }

  private fail(error: unknown): void {
    this.answering.end(endingOf(error));
  }
}
