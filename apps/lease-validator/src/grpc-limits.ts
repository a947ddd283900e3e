// What the gRPC door takes and for how long, whichever server stands in it.

/** A batch of 1,000 questions is below 100 kB; a longer message is no question. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
export const MAX_METADATA_BYTES = 16 * 1024;
/** Calls under way on one connection. */
export const MAX_CONCURRENT_STREAMS = 1_000;
export const KEEPALIVE_TIME_MS = 30_000;
export const KEEPALIVE_TIMEOUT_MS = 10_000;
/** A peer that has not begun to speak by then is no client. */
export const BEGIN_LIMIT_MS = 10_000;
/** Connections are renewed, so that callers find replicas that came later. */
export const MAX_CONNECTION_AGE_MS = 1_800_000;
