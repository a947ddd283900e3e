/** What no class stands for, beside the lifecycle's own. */
export const LOG = Symbol('log');
/** Of kafkajs; undefined where no broker is configured. */
export const KAFKA = Symbol('Kafka');
/** The Redis connection for channels and key events. */
export const SUBSCRIBER = Symbol('Redis for subscriptions');
/** The Redis connection of workers, which waits rather than gives up. */
export const PATIENT_REDIS = Symbol('Redis for workers');
