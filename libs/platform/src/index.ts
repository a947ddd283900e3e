// What the other libs and the apps may use of platform.
export * from './clock.js';
export { ConfigError, bootConfig, loadConfig } from './config.js';
export type { AppName, Config, ConfigFault, ReleaseAlarm } from './config.js';
export { durationMs, isLoopback } from './config-values.js';
export * from './errors.js';
export { createLog, loggerModule, logToStderr, processLog } from './log.js';
export type { Log } from './log.js';
export { METRICS } from './metric-names.js';
export type { CounterName, GaugeName, HistogramName, MetricName } from './metric-names.js';
export { MetricsController, MetricsModule, metricsRegistry } from './metrics.js';
export { counter, gauge, histogram, scrapedGauge } from './metrics.js';
export { timing } from './timing.js';
export type { Timing } from './timing.js';
export { REDIS_COMMAND_BUDGET_MS, failFastRedis, patientRedis, subscriberRedis } from './redis.js';
export type { RedisClient } from './redis.js';
export { RedisGate, isRedisUnavailable } from './redis-gate.js';
export { MAX_REQUEST_ID_CHARS, requestIdOf } from './request-id.js';
export { SpooledFile } from './spooled-file.js';

export { createKafka, deadLetterTopic, ensureTopics } from './kafka.js';
export type { Topic } from './kafka.js';
export { EventProducer, MessagesRefused } from './kafka-producer.js';
export type { OutboundMessage } from './kafka-producer.js';
export { RetryLater, UnreadableMessage, runConsumer } from './kafka-consumer.js';
export type { ConsumerOptions, InboundMessage, RunningConsumer } from './kafka-consumer.js';

export { AuthUnavailable, TokenVerifier, Unauthenticated, bearerOf } from './auth.js';
export type { VerifiedToken } from './auth.js';
export { HealthModule } from './health.js';
export type { HealthOptions, ReadinessCheck } from './health.js';
export { dieOnUncaught, drainOnSignal } from './shutdown.js';
export type { Closable } from './shutdown.js';
export { bootHttp, fastifyAdapter } from './boot.js';
export type { Configure } from './boot.js';
