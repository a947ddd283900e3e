// The one place that reads the environment. A setting is described once, in the schema below: its
// default and what it must look like. Defaults repeat numbers of the domain's policy on purpose:
// platform knows no other lib, and an operator reads them here.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  duration,
  durationOrOff,
  durationsBy,
  hostPorts,
  isLoopback,
  oneOf,
  port,
  readableFile,
  someOf,
  textOf,
  textsByName,
  timeOfDayOrOff,
  urlOf,
  wholeNumber,
} from './config-values.js';
import type { HostPort } from './config-values.js';

export type AppName = 'inventory-api' | 'lease-validator' | 'reservation-worker' | 'pool-monitor';
const RELEASE_ALARMS = ['redis', 'bullmq', 'poll', 'sweep'] as const;
export type ReleaseAlarm = (typeof RELEASE_ALARMS)[number];
/** Reasons of a recall that may have a cool-down of their own. */
const RECALL_REASONS = [
  'REGULATOR_ORDER',
  'ABUSE',
  'TENANT_REQUEST',
  'COMPLIANCE_SUSPENSION',
  'NON_PAYMENT',
  'OPERATOR_WITHDRAWAL',
] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const DEFAULT_HTTP_PORT: Readonly<Record<AppName, string>> = {
  'inventory-api': '3000',
  'lease-validator': '3001',
  'reservation-worker': '3002',
  'pool-monitor': '3003',
};

/** What an app cannot do its work without, beside Postgres and Redis. */
const NEEDED_BY: Readonly<Record<AppName, readonly Variable[]>> = {
  'inventory-api': ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWKS_URL', 'CURSOR_SECRET'],
  'lease-validator': ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWKS_URL'],
  'reservation-worker': ['BILLING_URL'],
  'pool-monitor': [],
};
const TOKEN_VARIABLES: readonly Variable[] = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWKS_URL'];

/** Values that are never shown, not even when they are wrong. */
const SECRETS: ReadonlySet<string> = new Set([
  ...['DATABASE_URL', 'REDIS_URL', 'CURSOR_SECRET', 'DOCS_TOKENS'],
]);
const CURSOR_SECRET_MIN_CHARS = 16;
const CURSOR_SECRET_BYTES = 32;
const SHOWN_CHARS = 80;
const EXIT_CONFIGURATION = 78;

const SCHEMA = z.object({
  HOST: textOf(1, 'an address to listen on').prefault('127.0.0.1'),
  GRPC_PORT: port().prefault('50051'),
  DATABASE_URL: urlOf(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/database'),
  REDIS_URL: urlOf(['redis:', 'rediss:'], 'redis://host:6379'),
  REDIS_CLUSTER_NODES: hostPorts('host1:7000,host2:7001').optional(),
  KAFKA_BROKERS: hostPorts('host1:9092,host2:9092').optional(),
  BILLING_URL: urlOf(['http:', 'https:'], 'https://billing.example').optional(),
  JWT_ISSUER: textOf(1, 'the issuer of the tokens, as their `iss` has it').optional(),
  JWT_AUDIENCE: textOf(1, 'the audience of the tokens, as their `aud` has it').optional(),
  JWKS_URL: urlOf(['http:', 'https:'], 'https://identity.example/jwks.json').optional(),
  LOG_LEVEL: oneOf(LOG_LEVELS).prefault('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(['http:', 'https:'], 'http://collector:4318').optional(),
  CURSOR_SECRET: textOf(
    CURSOR_SECRET_MIN_CHARS,
    `a secret of at least ${CURSOR_SECRET_MIN_CHARS} characters, the same in every replica`,
  ).optional(),
  // Ready tokens that /docs offers whoever opens it: for development.
  DOCS_TOKENS: textsByName().optional(),
  GRPC_AUTH: oneOf(['jwt', 'none']).prefault('jwt'),
  // Nest's own transport over @grpc/grpc-js, should the lean one ever be in doubt.
  GRPC_SERVER: oneOf(['lean', 'stock']).prefault('lean'),
  GRPC_TLS_CERT: readableFile().optional(),
  GRPC_TLS_KEY: readableFile().optional(),
  GRPC_TLS_CA: readableFile().optional(),
  RESERVE_TTL: duration('1s', '3650d').prefault('900s'),
  HOLD_TTL: duration('1s', '3650d').prefault('24h'),
  QUARANTINE_MSISDN: duration('0s', '3650d').prefault('90d'),
  QUARANTINE_SHORT_CODE: duration('0s', '3650d').prefault('30d'),
  QUARANTINE_ALPHA: duration('0s', '3650d').prefault('0d'),
  QUARANTINE_VANITY: duration('0s', '3650d').prefault('365d'),
  // Above the class's; a vanity lease's is above all.
  QUARANTINE_BY_REASON: durationsBy(RECALL_REASONS, '0s', '3650d').optional(),
  RENEWAL_WINDOW: duration('1s', '3650d').prefault('7d'),
  VANITY_GRACE: duration('0s', '3650d').prefault('14d'),
  RENEWAL_OUTAGE_GRACE: duration('0s', '3650d').prefault('24h'),
  // 60 s is the longest that a cached fact may live, whoever runs the service.
  LEASE_CACHE_TTL: duration('1s', '60s').prefault('60s'),
  LEASE_BLIND_TTL: duration('0s', '24h').prefault('0s'),
  QUOTA_CACHE_TTL: duration('1s', '24h').prefault('300s'),
  RATE_LIMIT_PER_MINUTE: wholeNumber(1, 1_000_000).prefault('60'),
  RATE_LIMIT_OTHER_PER_MINUTE: wholeNumber(1, 1_000_000).prefault('6000'),
  SWEEP_RESERVATIONS_EVERY: duration('1s', '24h').prefault('60s'),
  SWEEP_QUARANTINE_EVERY: duration('1s', '24h').prefault('5m'),
  CAPACITY_EVERY: duration('1s', '24h').prefault('30s'),
  EXPIRE_LEASES_EVERY: durationOrOff('1s', '24h').prefault('60s'),
  RENEW_LEASES_AT: timeOfDayOrOff().prefault('02:00'),
  RELEASE_ALARMS: someOf(RELEASE_ALARMS).prefault(RELEASE_ALARMS.join(',')),
});
type Variable = keyof typeof SCHEMA.shape;
type Values = z.output<typeof SCHEMA>;

/** One thing that is wrong with the environment. */
export type ConfigFault = Readonly<{ variable: string; wrong: string; wanted: string }>;

/** The environment is not one that an app can start with; `faults` has everything at once. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly ConfigFault[]) {
    super(faults.map((f) => `${f.variable} ${f.wrong}; wanted: ${f.wanted}`).join('\n'));
    this.name = 'ConfigError';
  }
}

/** The settings of one process, checked and frozen. Every `…Ms` is in milliseconds. */
export type Config = ReturnType<typeof shape>;

/** Reads an environment for one app. Throws `ConfigError` with every fault there is. */
export function loadConfig(env: NodeJS.ProcessEnv, app: AppName): Config {
  // An empty variable is what a shell leaves of one that is not set.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const schema = SCHEMA.extend({ PORT: port().prefault(DEFAULT_HTTP_PORT[app]) });
  const read = schema.safeParse(given);
  const faults = [
    ...(read.error?.issues ?? []).map((issue) => {
      const variable = String(issue.path[0]);
      return { variable, wrong: whatIsWrong(variable, given[variable]), wanted: issue.message };
    }),
    ...faultsBetween(given, app),
  ];
  if (!read.success || faults.length > 0) throw new ConfigError(faults);
  return shape(read.data, read.data.PORT, app);
}

/** Reads this process's environment; tells the faults on stderr and exits 78 where there are. */
export function bootConfig(app: AppName): Config {
  try {
    return loadConfig(process.env, app);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${app} cannot start with this environment:\n${error.message}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}

function whatIsWrong(variable: string, value: string | undefined): string {
  if (value === undefined) return 'is not set';
  // A password may stand before the @ of any URL.
  if (SECRETS.has(variable) || value.includes('@')) return 'has a value (not shown) that is wrong';
  return `is ${JSON.stringify(value.slice(0, SHOWN_CHARS))}`;
}

/** What is wrong with settings that are right one by one. */
function faultsBetween(env: NodeJS.ProcessEnv, app: AppName): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const openDoor = env['GRPC_AUTH'] === 'none';
  for (const variable of NEEDED_BY[app]) {
    const needless = openDoor && app === 'lease-validator' && TOKEN_VARIABLES.includes(variable);
    if (env[variable] === undefined && !needless) {
      faults.push({ variable, wrong: 'is not set', wanted: `a value: ${app} needs it` });
    }
  }
  if (openDoor && !isLoopback(env['HOST'] ?? '127.0.0.1')) {
    const wanted = 'jwt, or a loopback HOST: without tokens nobody else may reach the service';
    faults.push({ variable: 'GRPC_AUTH', wrong: 'is "none"', wanted });
  }
  if (env['DOCS_TOKENS'] !== undefined && !isLoopback(env['HOST'] ?? '127.0.0.1')) {
    const wanted = 'nothing, or a loopback HOST: whoever opens /docs is given them';
    faults.push({ variable: 'DOCS_TOKENS', wrong: 'is set', wanted });
  }
  const tls = ['GRPC_TLS_CERT', 'GRPC_TLS_KEY'].filter((name) => env[name] !== undefined);
  for (const variable of ['GRPC_TLS_CERT', 'GRPC_TLS_KEY']) {
    const wantsIt = tls.length === 1 || (env['GRPC_TLS_CA'] !== undefined && tls.length === 0);
    if (wantsIt && env[variable] === undefined) {
      const wanted = 'the certificate and its key together, GRPC_TLS_CA only beside them';
      faults.push({ variable, wrong: 'is not set', wanted });
    }
  }
  return faults;
}

const addressOf = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function shape(v: Values, httpPort: number, app: AppName) {
  const { GRPC_TLS_CERT: certFile, GRPC_TLS_KEY: keyFile, GRPC_TLS_CA: caFile } = v;
  return Object.freeze({
    app,
    host: v.HOST,
    httpPort,
    grpcPort: v.GRPC_PORT,
    databaseUrl: v.DATABASE_URL,
    redisUrl: v.REDIS_URL,
    redisClusterNodes: v.REDIS_CLUSTER_NODES,
    /** Absent: events wait in the outbox. */
    kafkaBrokers: v.KAFKA_BROKERS && Object.freeze(v.KAFKA_BROKERS.map(addressOf)),
    /** Empty in an app that asks billing nothing. */
    billingUrl: v.BILLING_URL ?? '',
    /** Empty texts in an app that takes no tokens. */
    jwt: Object.freeze({
      issuer: v.JWT_ISSUER ?? '',
      audience: v.JWT_AUDIENCE ?? '',
      jwksUrl: v.JWKS_URL ?? '',
    }),
    logLevel: v.LOG_LEVEL,
    otlpEndpoint: v.OTEL_EXPORTER_OTLP_ENDPOINT,
    // An app that pages nothing has a secret of its own that fits nobody's cursors.
    cursorSecret: v.CURSOR_SECRET ?? randomBytes(CURSOR_SECRET_BYTES).toString('base64url'),
    docsTokens: v.DOCS_TOKENS ?? Object.freeze({}),
    grpcAuth: v.GRPC_AUTH,
    grpcServer: v.GRPC_SERVER,
    grpcTls: certFile && keyFile ? Object.freeze({ certFile, keyFile, caFile }) : undefined,
    reserveTtlMs: v.RESERVE_TTL,
    holdTtlMs: v.HOLD_TTL,
    quarantineMs: Object.freeze({
      MSISDN: v.QUARANTINE_MSISDN,
      SHORT_CODE: v.QUARANTINE_SHORT_CODE,
      ALPHA: v.QUARANTINE_ALPHA,
      VANITY: v.QUARANTINE_VANITY,
    }),
    quarantineMsByReason: v.QUARANTINE_BY_REASON ?? Object.freeze({}),
    renewalWindowMs: v.RENEWAL_WINDOW,
    vanityGraceMs: v.VANITY_GRACE,
    renewalOutageGraceMs: v.RENEWAL_OUTAGE_GRACE,
    leaseCacheTtlMs: v.LEASE_CACHE_TTL,
    leaseBlindTtlMs: v.LEASE_BLIND_TTL,
    quotaCacheTtlMs: v.QUOTA_CACHE_TTL,
    rateLimitPerMinute: v.RATE_LIMIT_PER_MINUTE,
    rateLimitOtherPerMinute: v.RATE_LIMIT_OTHER_PER_MINUTE,
    sweepReservationsEveryMs: v.SWEEP_RESERVATIONS_EVERY,
    sweepQuarantineEveryMs: v.SWEEP_QUARANTINE_EVERY,
    capacityEveryMs: v.CAPACITY_EVERY,
    expireLeasesEveryMs: v.EXPIRE_LEASES_EVERY,
    renewLeasesAt: v.RENEW_LEASES_AT,
    releaseAlarms: v.RELEASE_ALARMS as ReadonlySet<ReleaseAlarm>,
  });
}
