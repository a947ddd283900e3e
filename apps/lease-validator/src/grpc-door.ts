import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import { TimedOut, withinMs, type Config, type Log } from '@numbering/platform';
import { HealthImplementation } from 'grpc-health-check';
import { AnswerStreams, MAX_STREAM_AGE_MS } from './answer-stream';

const PACKAGE = 'numbering.v1';
const PROTO = 'numbering/v1/lease_validator.proto';
/** What grpc.health.v1 is asked for: the server, and its one service. */
const HEALTH_NAMES = ['', `${PACKAGE}.LeaseValidator`];

/** A batch of 1,000 questions is below 100 kB; a longer message is no question. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_METADATA_BYTES = 16 * 1024;
/** Calls under way on one connection. */
const MAX_CONCURRENT_STREAMS = 1_000;
const KEEPALIVE_TIME_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Connections are renewed, so that callers find replicas that came later. */
const MAX_CONNECTION_AGE_MS = 1_800_000;
/** Calls under way at the end may take this long; less than the process's own limit. */
const DRAIN_LIMIT_MS = 5_000;

/** The gRPC server: its options, its health and reflection, and its end in bounded time. */
@Injectable()
export class GrpcDoor implements BeforeApplicationShutdown {
  private readonly health = new HealthImplementation();
  private server: Server | undefined;
  private isBound = false;

  constructor(
    private readonly config: Config,
    private readonly streams: AnswerStreams,
    private readonly log: Log,
  ) {}

  /** Binds `config.host:config.grpcPort`; calls are answered from then on. */
  async open(app: NestFastifyApplication): Promise<void> {
    app.connectMicroservice<GrpcOptions>(this.options());
    await app.startAllMicroservices();
    this.isBound = true;
    this.setHealth('SERVING');
    this.log.info({ grpc: `${this.config.host}:${this.config.grpcPort}` }, 'gRPC is listening');
  }

  /** Throws while no call is taken. */
  check(): void {
    if (!this.isBound) throw new Error('the gRPC port is not bound');
  }

  /** Says NOT_SERVING, ends streams, finishes the calls under way, and cuts what is left. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isBound = false;
    this.setHealth('NOT_SERVING');
    this.streams.endAll();
    const { server } = this;
    if (!server) return;
    const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    try {
      await withinMs(DRAIN_LIMIT_MS, finished);
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      this.log.warn({ limitMs: DRAIN_LIMIT_MS }, 'calls are cut off: the limit is up');
      server.forceShutdown();
    }
  }

  private setHealth(status: 'SERVING' | 'NOT_SERVING'): void {
    for (const name of HEALTH_NAMES) this.health.setStatus(name, status);
  }

  private options(): GrpcOptions {
    const { host, grpcPort } = this.config;
    const folder = protoFolder();
    return {
      transport: Transport.GRPC,
      options: {
        url: `${host.includes(':') ? `[${host}]` : host}:${grpcPort}`,
        package: PACKAGE,
        protoPath: path.join(folder, PROTO),
        loader: { includeDirs: [folder], defaults: true, longs: Number },
        credentials: credentialsOf(this.config),
        maxReceiveMessageLength: MAX_MESSAGE_BYTES,
        maxSendMessageLength: MAX_MESSAGE_BYTES,
        maxMetadataSize: MAX_METADATA_BYTES,
        keepalive: {
          keepaliveTimeMs: KEEPALIVE_TIME_MS,
          keepaliveTimeoutMs: KEEPALIVE_TIMEOUT_MS,
          keepalivePermitWithoutCalls: 1,
        },
        channelOptions: {
          'grpc.enable_channelz': 0, // Nobody reads it, and each call would pay for it.
          'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
          'grpc.max_connection_age_ms': MAX_CONNECTION_AGE_MS,
          'grpc.max_connection_age_grace_ms': MAX_STREAM_AGE_MS,
        },
        onLoadPackageDefinition: (definition: PackageDefinition, server: Server) => {
          this.server = server;
          this.health.addToServer(server);
          new ReflectionService(definition).addToServer(server);
        },
      },
    };
  }
}

/** With a CA every caller has a certificate that it signed, which stands for a token. */
function credentialsOf({ grpcTls }: Config): ServerCredentials {
  if (!grpcTls) return ServerCredentials.createInsecure();
  const { certFile, keyFile, caFile } = grpcTls;
  const pair = { cert_chain: readFileSync(certFile), private_key: readFileSync(keyFile) };
  const ca = caFile === undefined ? null : readFileSync(caFile);
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

/** Beside the bundle, or in the lib when the app runs from its source. */
function protoFolder(): string {
  const bundled = path.join(__dirname, 'proto');
  return existsSync(bundled) ? bundled : path.join(__dirname, '../../../libs/contracts/proto');
}
