import { Duplex } from 'node:stream';
import { status as GrpcStatus, type Metadata } from '@grpc/grpc-js';
import { Answering } from './answering';
import { CallError, keptTooMuch } from './call-error';
import { endingOf, metadataBlock, type Ending } from './grpc-status';
import { ErrorCode } from './http2/protocol';
import type { Exchange, Receiver } from './http2/exchange';
import type { RequestHead } from './http2/request-head';
import { inflated } from './inflate';
import { MessageReader, PREFIX_BYTES, type Message } from './message-reader';
import type { MessageLimits, Method } from './method';

/** Messages that may wait for the handler before the caller is to wait, too. */
const MAX_WAITING_MESSAGES = 16;

interface Waiting {
  message: unknown;
  /** As it came. */
  bytes: number;
}

/**
 * A call with a stream of answers, as handlers of @grpc/grpc-js and Nest's `@GrpcStreamCall` know
 * it: they read and write it, hear `cancelled`, and end it, or emit an error with the status.
 */
export class StreamCall extends Duplex implements Receiver {
  cancelled = false;
  readonly metadata: Metadata;
  /** Of a call with one question: that. */
  request: unknown;
  private readonly answering: Answering;
  private readonly encoding: string | undefined;
  private readonly reader: MessageReader;
  private readonly inbox: Waiting[] = [];
  private ending: Ending = { code: GrpcStatus.OK, details: '' };
  private inflating: Promise<void> | undefined;
  private isInboxClosed = false;
  private isReadable = false;
  private uncreditedBytes = 0;
  private goOn: (() => void) | undefined;

  constructor(
    private readonly exchange: Exchange,
    head: RequestHead,
    private readonly method: Method & { kind: 'server-stream' | 'bidi' },
    private readonly limits: MessageLimits,
  ) {
    super({ objectMode: true });
    this.answering = new Answering(exchange, head);
    this.metadata = this.answering.fields.toMetadata();
    this.encoding = head.encoding;
    this.reader = new MessageReader(limits.maxReceiveBytes);
    this.on('error', (error) => {
      this.ending = endingOf(error);
      this.end();
    });
    this.answering.armDeadline(() => this.tellCancelled());
    if (method.kind === 'bidi') method.open(this);
  }

  getDeadline(): number {
    return this.answering.deadlineMs;
  }

  getPath(): string {
    return this.method.path;
  }

  sendMetadata(metadata: Metadata): void {
    this.answering.begin(metadataBlock(metadata));
  }

  // ---- the caller's side

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (this.answering.isOver) return;
    this.uncreditedBytes += end - start;
    try {
      if (!this.exchange.keep(end - start)) throw keptTooMuch();
      for (const message of this.reader.push(Buffer.from(bytes.subarray(start, end)))) {
        this.accept(message);
      }
      if (isEnd && this.reader.isAmid) throw new CallError(GrpcStatus.INTERNAL, 'half a message');
    } catch (error) {
      return this.fail(error);
    }
    if (isEnd) this.inTurn(() => this.closeInbox());
    this.credit();
  }

  onDrain(): void {
    const { goOn } = this;
    this.goOn = undefined;
    goOn?.();
  }

  onCancel(): void {
    this.answering.stop();
    this.tellCancelled();
  }

  private accept(message: Message): void {
    const rawBytes = PREFIX_BYTES + message.bytes.length;
    if (!message.isCompressed) return this.inTurn(() => this.deliver(message.bytes, rawBytes));
    const { maxReceiveBytes } = this.limits;
    const work = inflated(message.bytes, this.encoding, maxReceiveBytes);
    work.catch(() => undefined); // Its turn comes, and fails the call then.
    this.inTurn(async () => this.deliver(await work, rawBytes));
  }

  /** At once, but not before a message of earlier that is still being inflated. */
  private inTurn(work: () => void | Promise<void>): void {
    const done = this.inflating ? this.inflating.then(work) : work();
    if (!(done instanceof Promise)) return;
    const turn = done
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        if (this.inflating === turn) this.inflating = undefined;
      });
    this.inflating = turn;
  }

  private deliver(bytes: Buffer, rawBytes: number): void {
    if (this.answering.isOver) return;
    let message: unknown;
    try {
      message = this.method.codec.decode(bytes, 0, bytes.length);
    } catch {
      throw new CallError(GrpcStatus.INTERNAL, 'Error deserializing request');
    }
    this.inbox.push({ message, bytes: rawBytes });
    if (this.method.kind === 'bidi') this.pass();
  }

  private closeInbox(): void {
    if (this.answering.isOver) return;
    this.isInboxClosed = true;
    if (this.method.kind === 'server-stream') {
      if (this.inbox.length !== 1) {
        const details = `Received ${this.inbox.length} request messages for ${this.method.path}`;
        return this.fail(new CallError(GrpcStatus.UNIMPLEMENTED, details));
      }
      this.request = this.inbox.pop()?.message;
      this.method.open(this);
    }
    this.pass();
  }

  private pass(): void {
    for (let next = this.inbox[0]; this.isReadable && next; next = this.inbox[0]) {
      this.inbox.shift();
      this.exchange.keep(-next.bytes);
      this.isReadable = this.push(next.message);
    }
    if (this.isInboxClosed && this.inbox.length === 0) this.push(null);
  }

  private credit(): void {
    if (this.inbox.length >= MAX_WAITING_MESSAGES || this.uncreditedBytes === 0) return;
    this.exchange.consumed(this.uncreditedBytes);
    this.uncreditedBytes = 0;
  }

  // ---- the handler's side

  override _read(): void {
    this.isReadable = true;
    this.pass();
    this.credit();
  }

  override _write(answer: unknown, _encoding: string, done: (error?: Error) => void): void {
    if (this.answering.isOver) return done();
    const bytes = this.method.codec.encode(answer);
    if (bytes.length - PREFIX_BYTES > this.limits.maxSendBytes) {
      this.fail(new CallError(GrpcStatus.RESOURCE_EXHAUSTED, 'Sent message larger than max'));
      return done();
    }
    this.answering.begin();
    if (this.exchange.data(bytes)) done();
    else this.goOn = done;
  }

  override _final(done: () => void): void {
    this.answering.end(this.ending);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (error) this.answering.end(endingOf(error));
    if (!this.answering.isOver) {
      this.answering.stop();
      this.exchange.reset(ErrorCode.CANCEL);
    }
    this.inbox.length = 0;
    done(error);
  }

  private fail(error: unknown): void {
    this.answering.end(endingOf(error));
    this.tellCancelled();
  }

  private tellCancelled(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
    this.destroy();
  }
}
