// The signatures first, so that the other libs can be written against them; the files follow.
import type { DynamicModule, ForwardReference, InjectionToken, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Cluster, Redis } from 'ioredis';
import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Counter, Gauge, Histogram } from 'prom-client';

export type AppName = 'inventory-api' | 'lease-validator' | 'reservation-worker' | 'pool-monitor';
export type ReleaseAlarm = 'redis' | 'bullmq' | 'poll' | 'sweep';
export type Config = Readonly<{
  app: AppName;
  host: string;
  httpPort: number;
  grpcPort: number;
  databaseUrl: string;
  redisUrl: string;
  redisClusterNodes?: readonly { host: string; port: number }[];
  kafkaBrokers?: readonly string[];
  billingUrl: string;
  jwt: Readonly<{ issuer: string; audience: string; jwksUrl: string }>;
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  otlpEndpoint?: string;
  cursorSecret: string;
  grpcAuth: 'jwt' | 'none';
  grpcTls?: Readonly<{ certFile: string; keyFile: string; caFile?: string }>;
  reserveTtlMs: number;
  holdTtlMs: number;
  quarantineMs: Readonly<{ MSISDN: number; SHORT_CODE: number; ALPHA: number; VANITY: number }>;
  renewalWindowMs: number;
  vanityGraceMs: number;
  renewalOutageGraceMs: number;
  leaseCacheTtlMs: number;
  leaseBlindTtlMs: number;
  quotaCacheTtlMs: number;
  rateLimitPerMinute: number;
  rateLimitOtherPerMinute: number;
  sweepReservationsEveryMs: number;
  sweepQuarantineEveryMs: number;
  capacityEveryMs: number;
  expireLeasesEveryMs: number | 'off';
  renewLeasesAt: Readonly<{ hour: number; minute: number }> | 'off';
  releaseAlarms: ReadonlySet<ReleaseAlarm>;
}>;
export declare class ConfigError extends Error {
  readonly faults: readonly { variable: string; wrong: string; wanted: string }[];
}
export declare function loadConfig(env: NodeJS.ProcessEnv, app: AppName): Config;
export declare function bootConfig(app: AppName): Config;

export declare function monotonicMs(): number;
export declare function wallClockIso(): string;
export declare function sleepMs(ms: number, signal?: AbortSignal): Promise<void>;
export declare class DatabaseClock {
  constructor(readDatabaseTimeMs: () => Promise<number>);
  /** Resolves after the first sample, or when it failed: `isKnown` says which; goes on sampling. */
  start(): Promise<void>;
  stop(): void;
  readonly isKnown: boolean;
  readonly errorBoundMs: number;
  /** Throws StoreUnavailable('postgres') before the first sample. */
  nowMs(): number;
}

export type Log = Logger;
export declare function processLog(config: Config): Log;
export declare function loggerModule(config: Config, app: AppName): DynamicModule;

export declare class MetricsModule {}
export declare function counter(name: string): Counter<string>;
export declare function gauge(name: string): Gauge<string>;
export declare function histogram(name: string): Histogram<string>;

export type RedisClient = Redis | Cluster;
export declare function failFastRedis(config: Config): RedisClient;
export declare function patientRedis(config: Config): RedisClient;
export declare function subscriberRedis(config: Config): RedisClient;
export declare class RedisGate {
  constructor(client: RedisClient, log: Log);
  /** Throws StoreUnavailable('redis') at once while the circuit is open. */
  run<T>(call: (redis: RedisClient) => Promise<T>): Promise<T>;
  readonly isUp: boolean;
  onStateChange(listener: (isUp: boolean) => void): void;
  /** Pings on a period, so that an outage is seen without traffic. */
  start(): void;
  stop(): void;
}

export declare function createKafka(config: Config): Kafka | undefined;
export declare class EventProducer {
  constructor(kafka: Kafka | undefined, log: Log);
  start(): void;
  stop(): Promise<void>;
  isUp(): boolean;
  /** Throws StoreUnavailable('kafka'). Resolves when every in-sync replica has them. */
  send(messages: readonly OutboundMessage[]): Promise<void>;
}
export type OutboundMessage = {
  topic: string;
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers?: Record<string, string>;
};
export declare function ensureTopics(
  admin: Admin,
  topics: readonly { name: string; partitions: number }[],
): Promise<void>;
export type InboundMessage = {
  topic: string;
  partition: number;
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  timestampMs: number;
};
export declare class RetryLater extends Error {}
export declare class UnreadableMessage extends Error {}
export declare function runConsumer(
  kafka: Kafka,
  options: {
    groupId: string;
    topics: readonly string[];
    handle: (message: InboundMessage) => Promise<void>;
    deadLetter: EventProducer;
    log: Log;
  },
): { isUp(): boolean; stop(): Promise<void> };

export type ReadinessCheck = {
  name: string;
  required: boolean;
  /** The sentence that is shown while it fails. */
  whenDown: string;
  /** Throws, or rejects, while the thing is down. */
  check: () => Promise<void> | void;
};
export declare class HealthModule {
  static forApp(options: {
    ready: (...deps: never[]) => readonly ReadinessCheck[];
    inject?: readonly InjectionToken[];
    imports?: readonly (Type | DynamicModule | Promise<DynamicModule> | ForwardReference)[];
  }): DynamicModule;
}

export type VerifiedToken = Readonly<{
  sub: string;
  tenantId?: string;
  scopes: ReadonlySet<string>;
  expiresAtSeconds: number;
}>;
export declare class Unauthenticated extends Error {}
export declare class AuthUnavailable extends Error {}
export declare class TokenVerifier {
  constructor(jwt: Config['jwt']);
  verify(bearer: string): Promise<VerifiedToken>;
  /** The answer without waiting, where this token was verified before; for the hot path. */
  verified(bearer: string): VerifiedToken | undefined;
}
export declare function bearerOf(header: string | undefined): string | undefined;

export type StoreName = 'postgres' | 'redis' | 'kafka' | 'jwks';
export declare class StoreUnavailable extends Error {
  constructor(store: StoreName, cause?: unknown);
  readonly store: StoreName;
}
export declare function isPostgresUnavailable(error: unknown): boolean;

export declare function drainOnSignal(app: { close(): Promise<void> }, log: Log): void;
export declare function bootHttp(
  AppModule: Type | DynamicModule,
  config: Config,
  app: AppName,
  configure?: (app: NestFastifyApplication) => Promise<void> | void,
): Promise<NestFastifyApplication>;
