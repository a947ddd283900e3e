/** Settings of the apps that a person may give to `npm start`; jobs run by hand get the same. */
const callerSettings = [
  ...['LOG_LEVEL', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'RESERVE_TTL', 'HOLD_TTL', 'QUARANTINE_MSISDN'],
  'QUARANTINE_BY_REASON',
  ...['QUARANTINE_SHORT_CODE', 'QUARANTINE_ALPHA', 'QUARANTINE_VANITY', 'RENEWAL_WINDOW'],
  ...['VANITY_GRACE', 'LEASE_CACHE_TTL', 'QUOTA_CACHE_TTL', 'RATE_LIMIT_PER_MINUTE'],
  ...['RATE_LIMIT_OTHER_PER_MINUTE', 'SWEEP_RESERVATIONS_EVERY', 'SWEEP_QUARANTINE_EVERY'],
  ...['RELEASE_ALARMS', 'RENEW_LEASES_AT', 'EXPIRE_LEASES_EVERY', 'RENEWAL_OUTAGE_GRACE'],
  ...[
    'LEASE_BLIND_TTL',
    'GRPC_AUTH',
    'GRPC_TLS_CERT',
    'GRPC_TLS_KEY',
    'GRPC_TLS_CA',
    'GRPC_SERVER',
  ],
  ...['REDIS_CLUSTER_NODES', 'CAPACITY_EVERY'],
];

/** Stable, so that tokens minted before a restart stay good after it. */
const developmentIssuer = 'http://numbering.local/identity';
const developmentAudience = 'numbering';

/** Issuer and audience of the tokens: the caller's, else the development ones. */
export function tokenNames(caller = process.env) {
  return {
    issuer: caller.JWT_ISSUER || developmentIssuer,
    audience: caller.JWT_AUDIENCE || developmentAudience,
  };
}

/**
 * What every app of the stack is told, beside its own ports. Kept in the home while the stack runs,
 * so that a job run by hand decides as the running worker would.
 */
export function appSettings({ services, secrets }, caller = process.env) {
  const { issuer, audience } = tokenNames(caller);
  const settings = {
    HOST: '127.0.0.1',
    DATABASE_URL: services.postgres.url,
    REDIS_URL: services.redis.url,
    KAFKA_BROKERS: services.kafka?.brokers,
    BILLING_URL: services.billing.url,
    JWKS_URL: services.identity.jwksUrl,
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    CURSOR_SECRET: caller.CURSOR_SECRET || secrets.cursorSecret,
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
    ...Object.fromEntries(callerSettings.map((name) => [name, caller[name]])),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** The environment of one process: the caller's, without what would mean something else to it. */
export function processEnvironment(settings, caller = process.env) {
  const { NODE_ENV: _mode, PORT: _port, GRPC_PORT: _grpc, KAFKA_BROKERS: _none, ...rest } = caller;
  return { ...rest, ...settings };
}
