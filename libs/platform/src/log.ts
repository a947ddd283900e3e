// One JSON line a happening, on stdout. The fields a reader filters by have one name everywhere:
// `app`, `requestId`, `tenantId`, `identifier`, `traceId`.
import type { IncomingMessage } from 'node:http';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { AppName, Config } from './config.js';
import { requestIdOf, traceIdOf } from './request-id.js';

export type Log = Logger;

/** Doors that are asked every few seconds by machines: their lines would hide the others. */
const QUIET_PATHS = /^\/(health|metrics)(\/|\?|$)/;
const STDERR = 2;

/** A bearer token wherever it stands, and whatever looks like a signed JWT. */
const BEARER = /\bBearer\s+[^\s"\\]+/gi;
const SIGNED_TOKEN = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;

/** Takes tokens out of a line, just before it is written. */
export function withoutTokens(line: string): string {
  return line.replace(BEARER, 'Bearer [redacted]').replace(SIGNED_TOKEN, '[redacted]');
}

/** A log of its own for one app, to stdout or to another stream. */
export function createLog(
  settings: { app: string; logLevel: Config['logLevel'] },
  destination?: DestinationStream,
): Log {
  const options = {
    level: settings.logLevel,
    base: { app: settings.app },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutTokens },
  };
  return destination ? pino(options, destination) : pino(options);
}

const logs = new WeakMap<Config, Log>();

/** The log of a process, for what stands outside Nest: clients, loops, the boot itself. */
export function processLog(config: Config): Log {
  const log = logs.get(config) ?? createLog(config);
  logs.set(config, log);
  return log;
}

/** For a command whose stdout is its answer: the process's log goes to stderr from now on. */
export function logToStderr(config: Config): Log {
  const log = createLog(config, pino.destination(STDERR));
  logs.set(config, log);
  return log;
}

/**
 * nestjs-pino over the process's log. Lines within a request carry its `requestId` and, where the
 * caller sent a `traceparent`, its `traceId`; `PinoLogger.assign({ tenantId, identifier })` adds
 * the rest.
 */
export function loggerModule(config: Config, _app: AppName = config.app): DynamicModule {
  return LoggerModule.forRoot({
    assignResponse: true,
    // The default, `{/*splat}`, matches nothing in this version of the Fastify adapter.
    forRoutes: ['*path'],
    pinoHttp: {
      logger: processLog(config),
      // Of a request its lines carry what `customProps` says, not all its headers each time.
      wrapSerializers: false,
      serializers: { req: () => undefined },
      customAttributeKeys: { responseTime: 'durationMs' },
      genReqId: (request, response) => {
        const requestId = requestIdOf(request.headers['x-request-id']);
        response.setHeader('X-Request-Id', requestId);
        return requestId;
      },
      customProps: (request) => {
        const traceId = traceIdOf(request.headers);
        return { requestId: request.id, ...(traceId ? { traceId } : {}) };
      },
      customLogLevel: (_request, response, error) =>
        error || response.statusCode >= 500 ? 'error' : 'info',
      customSuccessObject: (request, response, { durationMs }: { durationMs: number }) => ({
        method: request.method,
        path: pathOf(request),
        status: response.statusCode,
        durationMs,
      }),
      customErrorObject: (request, response, error, { durationMs }: { durationMs: number }) => ({
        method: request.method,
        path: pathOf(request),
        status: response.statusCode,
        durationMs,
        err: error,
      }),
      customSuccessMessage: () => 'answered',
      customErrorMessage: () => 'answered with an error',
      autoLogging: { ignore: (request) => QUIET_PATHS.test(urlOf(request)) },
    },
  });
}

/** Fastify hands middleware a request whose `url` may have been rewritten. */
const urlOf = (request: IncomingMessage & { originalUrl?: string }): string =>
  request.originalUrl ?? request.url ?? '';

const pathOf = (request: IncomingMessage): string => urlOf(request).split('?', 1)[0] ?? '';
