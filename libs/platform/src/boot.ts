// How each of the four apps comes up: one HTTP door with the log, the request ids and the end that
// all of them share. What else an app opens (gRPC, workers) it adds in `configure`.
import type { IncomingMessage } from 'node:http';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import type { AppName, Config } from './config.js';
import { processLog } from './log.js';
import { requestIdOf } from './request-id.js';
import { dieOnUncaught, drainOnSignal } from './shutdown.js';

/** JSON bodies; imports have a limit of their own. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** A caller that sends its headers or its body more slowly than this is cut off. */
const REQUEST_TIMEOUT_MS = 300_000;
/** Longer than a load balancer keeps an idle connection, so that it closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** Of one path segment: ids of tenants and keys are shorter; the router's own limit of 100 is not. */
const MAX_PARAM_LENGTH_CHARS = 512;

export type Configure = (app: NestFastifyApplication) => Promise<void> | void;

/**
 * Boots an app and resolves when it listens on `config.host:config.httpPort`. The app module has
 * `loggerModule(config)` among its imports. `configure` runs before the app listens.
 */
export async function bootHttp(
  appModule: Type | DynamicModule,
  config: Config,
  name: AppName = config.app,
  configure?: Configure,
): Promise<NestFastifyApplication> {
  const log = processLog(config);
  dieOnUncaught(log);
  const adapter = fastifyAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(appModule, adapter, {
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  await configure?.(app);
  await app.listen(config.httpPort, config.host);
  drainOnSignal(app, log);
  log.info({ url: await app.getUrl() }, `${name} is listening`);
  return app;
}

/** Fastify with a request id for each request, taken or made, that every answer carries. */
export function fastifyAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH_CHARS },
    requestIdHeader: false,
    genReqId: (raw: IncomingMessage & { id?: unknown }) => {
      const requestId = requestIdOf(raw.headers['x-request-id']);
      raw.id = requestId; // The log takes it from here.
      return requestId;
    },
  });
  adapter.getInstance().addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    done();
  });
  return adapter;
}
