/** The few things that no class stands for. */
export const CONFIG = Symbol('Config');
export const POLICY = Symbol('Policy');
/** Connections of their own for imports, whose statements may take minutes. */
export const IMPORT_DATA_SOURCE = Symbol('DataSource of imports');
/** The Redis connection of requests, behind `RedisGate`. */
export const REQUEST_REDIS = Symbol('Redis of requests');
