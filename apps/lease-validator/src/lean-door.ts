import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import type { Server, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { monotonicMs, type Config, type Log } from '@numbering/platform';
import { MAX_STREAM_AGE_MS } from './answer-stream';
import {
  BEGIN_LIMIT_MS,
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_CONCURRENT_STREAMS,
  MAX_CONNECTION_AGE_MS,
  MAX_MESSAGE_BYTES,
  MAX_METADATA_BYTES,
} from './grpc-limits';
import type { AddServices, OpenDoor } from './grpc-door';
import { LeanGrpc } from './lean-grpc/lean-grpc.strategy';
import { BATCH_CODEC, QUESTION_CODEC } from './lease-codec';
import { LOADER, PACKAGE, PROTO, protoFolder, SERVICE } from './proto';
import { ValidateLeaseGrpc } from './validate-lease.grpc';

/** GRPC_SERVER=lean: the server of ../lean-grpc, as a transport of Nest. */
export async function openLean(
  app: NestFastifyApplication,
  config: Config,
  addServices: AddServices,
  log: Log,
): Promise<OpenDoor> {
  const definition = loadSync(PROTO, { includeDirs: [protoFolder()], ...LOADER });
  const strategy = new LeanGrpc({
    host: config.host,
    port: config.grpcPort,
    tls: tlsOf(config),
    serviceName: SERVICE,
    service: definition[`${PACKAGE}.${SERVICE}`] as ServiceDefinition,
    codecs: {
      ValidateLease: QUESTION_CODEC,
      ValidateLeases: BATCH_CODEC,
      ValidateLeaseStream: QUESTION_CODEC,
    },
    controller: app.get(ValidateLeaseGrpc),
    maxReceiveBytes: MAX_MESSAGE_BYTES,
    maxSendBytes: MAX_MESSAGE_BYTES,
    maxHeaderListBytes: MAX_METADATA_BYTES,
    maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
    beginLimitMs: BEGIN_LIMIT_MS,
    keepaliveTimeMs: KEEPALIVE_TIME_MS,
    keepaliveTimeoutMs: KEEPALIVE_TIMEOUT_MS,
    maxConnectionAgeMs: MAX_CONNECTION_AGE_MS,
    maxConnectionAgeGraceMs: MAX_STREAM_AGE_MS,
    monotonicMs,
    onFault: (fault) => log.debug({ err: fault }, 'a connection was ended'),
  });
  const { server } = strategy;
  addServices(server as unknown as Server);
  app.connectMicroservice<MicroserviceOptions>({ strategy });
  await app.startAllMicroservices();
  return { drain: () => server.drain(), destroy: () => server.destroy() };
}

/** With a CA every caller has a certificate that it signed, which stands for a token. */
function tlsOf({ grpcTls }: Config): TlsOptions | undefined {
  if (!grpcTls) return undefined;
  const { certFile, keyFile, caFile } = grpcTls;
  const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  if (caFile === undefined) return pair;
  return { ...pair, ca: readFileSync(caFile), requestCert: true, rejectUnauthorized: true };
}
