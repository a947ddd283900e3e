import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import {
  GrpcMethodStreamingType,
  Server,
  Transport,
  type CustomTransportStrategy,
  type MessageHandler,
} from '@nestjs/microservices';
import { LeanGrpcServer, type LeanServerOptions } from './lean-grpc-server';
import { codecOf, type AnswerUnary, type Codec } from './method';

export interface LeanGrpcOptions extends LeanServerOptions {
  host: string;
  port: number;
  /** The service's name as its `@GrpcMethod`s have it, without the package. */
  serviceName: string;
  service: ServiceDefinition;
  /** Codecs that are faster than the definition's, by the name of the rpc. */
  codecs: Readonly<Record<string, Codec<unknown, never>>>;
  /**
   * Whose `@GrpcMethod`s answer. They are called themselves: Nest's chain of pipes, guards and
   * observables, of which nothing is used here, would cost more than the answer.
   */
  controller: object;
}

/** The lean server as a transport of Nest: the same controller answers behind it. */
export class LeanGrpc extends Server implements CustomTransportStrategy {
  override transportId = Transport.GRPC;
  readonly server: LeanGrpcServer;

  constructor(private readonly options: LeanGrpcOptions) {
    super();
    this.server = new LeanGrpcServer(options);
  }

  override addHandler(pattern: unknown, handler: MessageHandler): void {
    this.messageHandlers.set(JSON.stringify(pattern), handler);
  }

  listen(callback: (error?: unknown) => void): void {
    const { host, port, service } = this.options;
    try {
      for (const [rpc, definition] of Object.entries(service)) this.bind(rpc, definition);
    } catch (error) {
      return callback(error);
    }
    this.server.listen(host, port).then(() => callback(), callback);
  }

  close(): void {
    this.server.destroy();
  }

  on(): never {
    throw new Error('this transport has no events');
  }

  unwrap<T>(): T {
    return this.server as T;
  }

  /** Throws where the controller does not say by its decorators that it answers the method. */
  private bind(rpc: string, definition: MethodDefinition<unknown, unknown>): void {
    const { codecs, controller, serviceName } = this.options;
    const { path, requestStream, originalName = rpc } = definition;
    const streaming = requestStream
      ? GrpcMethodStreamingType.PT_STREAMING
      : GrpcMethodStreamingType.NO_STREAMING;
    const pattern = JSON.stringify({ service: serviceName, rpc, streaming });
    const handler: unknown = Reflect.get(controller, originalName);
    if (!this.messageHandlers.has(pattern) || typeof handler !== 'function') {
      throw new Error(`nothing answers ${pattern}`);
    }
    const answer = handler.bind(controller) as AnswerUnary<unknown, unknown>;
    const codec = (codecs[rpc] as Codec<unknown, unknown> | undefined) ?? codecOf(definition);
    this.server.addMethod(
      requestStream
        ? { kind: 'bidi', path, codec, open: answer as never }
        : { kind: 'unary', path, codec, answer },
    );
  }
}
