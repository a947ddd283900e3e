import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { TimedOut, withinMs, type Config, type Log } from '@numbering/platform';
import { HealthImplementation } from 'grpc-health-check';
import { AnswerStreams } from './answer-stream';
import { openLean } from './lean-door';
import { PACKAGE, SERVICE } from './proto';
import { reflectedDefinition } from './reflected';
import { openStock } from './stock-door';

/** What grpc.health.v1 is asked for: the server, and its one service. */
const HEALTH_NAMES = ['', `${PACKAGE}.${SERVICE}`];
/** Calls under way at the end may take this long; less than the process's own limit. */
const DRAIN_LIMIT_MS = 5_000;

/** Adds what a server has beside the service: health and reflection. */
export type AddServices = (server: Pick<Server, 'addService'>) => void;

/** A server that takes calls. */
export interface OpenDoor {
  /** Takes no call more, and resolves when those under way are answered. */
  drain(): Promise<void>;
  /** Cuts off what is left. */
  destroy(): void;
}

/** The gRPC server: which one, its health and reflection, and its end in bounded time. */
@Injectable()
export class GrpcDoor implements BeforeApplicationShutdown {
  private readonly health = new HealthImplementation();
  private door: OpenDoor | undefined;

  constructor(
    private readonly config: Config,
    private readonly streams: AnswerStreams,
    private readonly log: Log,
  ) {}

  /** Binds `config.host:config.grpcPort`; calls are answered from then on. */
  async open(app: NestFastifyApplication): Promise<void> {
    const { config, log } = this;
    const addServices: AddServices = (server) => {
      this.health.addToServer(server as Server);
      new ReflectionService(reflectedDefinition()).addToServer(server as Server);
    };
    this.door =
      config.grpcServer === 'lean'
        ? await openLean(app, config, addServices, log)
        : await openStock(app, config, addServices);
    this.setHealth('SERVING');
    log.info(
      { grpc: `${config.host}:${config.grpcPort}`, server: config.grpcServer },
      'gRPC is listening',
    );
  }

  /** Throws while no call is taken. */
  check(): void {
    if (!this.door) throw new Error('the gRPC port is not bound');
  }

  /** Says NOT_SERVING, ends streams, finishes the calls under way, and cuts what is left. */
  async beforeApplicationShutdown(): Promise<void> {
    const { door } = this;
    this.door = undefined;
    this.setHealth('NOT_SERVING');
    this.streams.endAll();
    if (!door) return;
    try {
      await withinMs(DRAIN_LIMIT_MS, door.drain());
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      this.log.warn({ limitMs: DRAIN_LIMIT_MS }, 'calls are cut off: the limit is up');
      door.destroy();
    }
  }

  private setHealth(status: 'SERVING' | 'NOT_SERVING'): void {
    for (const name of HEALTH_NAMES) this.health.setStatus(name, status);
  }
}
