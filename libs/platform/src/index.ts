// What the other libs and the apps may use of platform.
export * from './clock.js';
export { ConfigError, bootConfig, loadConfig } from './config.js';
export type { AppName, Config, ConfigFault, ReleaseAlarm } from './config.js';
export { durationMs, isLoopback } from './config-values.js';
export * from './errors.js';
export { createLog, loggerModule, processLog } from './log.js';
export type { Log } from './log.js';
export { METRICS } from './metric-names.js';
export type { CounterName, GaugeName, HistogramName, MetricName } from './metric-names.js';
export { MetricsController, MetricsModule, metricsRegistry } from './metrics.js';
export { counter, gauge, histogram } from './metrics.js';
export { REDIS_COMMAND_BUDGET_MS, failFastRedis, patientRedis, subscriberRedis } from './redis.js';
export type { RedisClient } from './redis.js';
export { RedisGate, isRedisUnavailable } from './redis-gate.js';
export { requestIdOf } from './request-id.js';

export { createKafka, deadLetterTopic, ensureTopics } from './kafka.js';
export type { Topic } from './kafka.js';
export { EventProducer, MessagesRefused } from './kafka-producer.js';
export type { OutboundMessage } from './kafka-producer.js';
export { RetryLater, UnreadableMessage, runConsumer } from './kafka-consumer.js';
export type { ConsumerOptions, InboundMessage, RunningConsumer } from './kafka-consumer.js';

// Still only signatures; the files follow.
import type { DynamicModule, ForwardReference, InjectionToken, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppName, Config } from './config.js';
import type { Log } from './log.js';

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

export declare function drainOnSignal(app: { close(): Promise<void> }, log: Log): void;
export declare function bootHttp(
  AppModule: Type | DynamicModule,
  config: Config,
  app: AppName,
  configure?: (app: NestFastifyApplication) => Promise<void> | void,
): Promise<NestFastifyApplication>;
