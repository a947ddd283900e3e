import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import type { Config } from '@numbering/platform';
import { MAX_STREAM_AGE_MS } from './answer-stream';
import {
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_CONCURRENT_STREAMS,
  MAX_CONNECTION_AGE_MS,
  MAX_MESSAGE_BYTES,
  MAX_METADATA_BYTES,
} from './grpc-limits';
import type { AddServices, OpenDoor } from './grpc-door';
import { LOADER, PACKAGE, PROTO, protoFolder } from './proto';

/** GRPC_SERVER=stock: Nest's own gRPC transport, over @grpc/grpc-js. */
export async function openStock(
  app: NestFastifyApplication,
  config: Config,
  addServices: AddServices,
): Promise<OpenDoor> {
  let server: Server | undefined;
  app.connectMicroservice<GrpcOptions>(
    optionsOf(config, (made) => {
      server = made;
      addServices(made);
    }),
  );
  await app.startAllMicroservices();
  return {
    drain: () =>
      new Promise((resolve) => (server ? server.tryShutdown(() => resolve()) : resolve())),
    destroy: () => server?.forceShutdown(),
  };
}

function optionsOf(config: Config, onServer: (server: Server) => void): GrpcOptions {
  const { host, grpcPort } = config;
  const folder = protoFolder();
  return {
    transport: Transport.GRPC,
    options: {
      url: `${host.includes(':') ? `[${host}]` : host}:${grpcPort}`,
      package: PACKAGE,
      protoPath: path.join(folder, PROTO),
      loader: { includeDirs: [folder], ...LOADER },
      credentials: credentialsOf(config),
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
      onLoadPackageDefinition: (_definition: unknown, server: Server) => onServer(server),
    },
  };
}

/** With a CA every caller has a certificate that it signed, which stands for a token. */
function credentialsOf({ grpcTls }: Config): ServerCredentials {
  if (!grpcTls) return ServerCredentials.createInsecure();
  const { certFile, keyFile, caFile } = grpcTls;
  const pair = { cert_chain: readFileSync(certFile), private_key: readFileSync(keyFile) };
  const ca = caFile === undefined ? null : readFileSync(caFile);
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}
