import {
  status as GrpcStatus,
  type Metadata,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { CallError } from './call-error';
import { endingOf, trailersOf } from './grpc-status';
import { ANSWER_HEADERS, httpStatus } from './header-block';
import type { Exchange } from './http2/exchange';
import type { RequestHead } from './http2/request-head';
import { Http2Server, type ServerOptions } from './http2/server';
import { codecOf, type AnswerUnary, type MessageLimits, type Method } from './method';
import { StreamCall } from './stream-call';
import { UnaryCall } from './unary-call';

const CONTENT_TYPE = /^application\/grpc(?:[+;]|$)/;
const METHOD_NOT_ALLOWED = httpStatus(405);
const UNSUPPORTED_MEDIA_TYPE = httpStatus(415);

type Callback = (error: unknown, response?: unknown, trailer?: Metadata) => void;
/** A handler as @grpc/grpc-js's `addService` takes it. */
type Handler = (call: unknown, callback?: Callback) => unknown;

export type LeanServerOptions = MessageLimits & Omit<ServerOptions, 'onRequest'>;

/** gRPC over HTTP/2, with as little as possible between a socket and a unary handler. */
export class LeanGrpcServer {
  private readonly methods = new Map<string, Method>();
  private readonly http2: Http2Server;

  constructor(private readonly options: LeanServerOptions) {
    this.http2 = new Http2Server({
      ...options,
      onRequest: (exchange, head, isEnd) => this.begin(exchange, head, isEnd),
    });
  }

  addMethod(method: Method): void {
    this.methods.set(method.path, method);
  }

  /** What was written for the server of @grpc/grpc-js adds itself here as it does there. */
  addService(definition: ServiceDefinition, handlers: Readonly<Record<string, unknown>>): void {
    for (const [name, each] of Object.entries(definition)) {
      const handler = handlers[name] ?? handlers[each.originalName ?? ''];
      if (typeof handler === 'function') this.addMethod(methodOf(each, handler.bind(handlers)));
    }
  }

  /** @returns the port */
  listen(host: string, port: number): Promise<number> {
    return this.http2.listen(host, port);
  }

  drain(): Promise<void> {
    return this.http2.drain();
  }

  destroy(): void {
    this.http2.destroy();
  }

  private begin(exchange: Exchange, head: RequestHead, isEnd: boolean): void {
    if (head.method !== 'POST') return exchange.headers(METHOD_NOT_ALLOWED, true);
    if (head.contentType === undefined || !CONTENT_TYPE.test(head.contentType)) {
      return exchange.headers(UNSUPPORTED_MEDIA_TYPE, true);
    }
    try {
      exchange.receiver = this.callOf(exchange, head);
    } catch (error) {
      return exchange.headers(Buffer.concat([ANSWER_HEADERS, trailersOf(endingOf(error))]), true);
    }
    if (isEnd) exchange.receiver.onData(NOTHING, 0, 0, true);
  }

  private callOf(exchange: Exchange, head: RequestHead): UnaryCall | StreamCall {
    const method = this.methods.get(head.path);
    if (!method) {
      const details = `The server does not implement the method ${head.path}`;
      throw new CallError(GrpcStatus.UNIMPLEMENTED, details);
    }
    return method.kind === 'unary'
      ? new UnaryCall(exchange, head, method, this.options)
      : new StreamCall(exchange, head, method, this.options);
  }
}

const NOTHING = Buffer.alloc(0);

function methodOf(definition: MethodDefinition<unknown, unknown>, handler: Handler): Method {
  const { path, requestStream, responseStream } = definition;
  const common = { path, codec: codecOf(definition) };
  if (!responseStream) return { ...common, kind: 'unary', answer: answerOf(handler) };
  return { ...common, kind: requestStream ? 'bidi' : 'server-stream', open: handler };
}

const answerOf =
  (handler: Handler): AnswerUnary<unknown, unknown> =>
  (request, metadata, call) =>
    new Promise((resolve, reject) => {
      handler({ request, metadata, cancelled: call.cancelled }, (error, response) =>
        error ? reject(error as Error) : resolve(response),
      );
    });
